package kubesim

// mix turns a seed and a number into 64 well-distributed bits (the finaliser of
// splitmix64). It replaces a random source, which would have state: any row can be
// made without the rows before it.
func mix(seed, n uint64) uint64 {
	z := seed + (n+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// shuffle is a bijection of [0, n). It maps the index of a pod to the number that
// decides its class and node, so that totals are exact although rows look random.
type shuffle struct{ n, factor, offset uint64 }

func newShuffle(seed uint64, n int) shuffle {
	s := shuffle{n: uint64(n)}
	if n < 2 {
		return s
	}
	s.offset = mix(seed, 1) % s.n
	// A factor near the golden section spreads neighbours far apart.
	s.factor = uint64(float64(n)*0.618) + mix(seed, 2)%(s.n/8+1)
	for gcd(s.factor, s.n) != 1 {
		s.factor++
	}
	return s
}

// at returns the number for index i; i must be below n.
func (s shuffle) at(i int) int {
	if s.n < 2 {
		return i
	}
	return int((uint64(i)*s.factor + s.offset) % s.n)
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// suffixAlphabet holds the characters of generated names, in byte order.
const suffixAlphabet = "2456789bcdfghjklmnpqrstvwxz"

// suffixes is the number of different five-character suffixes.
const suffixes = 27 * 27 * 27 * 27 * 27

// appendSuffix appends v in five characters; a larger v sorts later.
func appendSuffix(b []byte, v uint64) []byte {
	var s [5]byte
	for i := len(s) - 1; i >= 0; i-- {
		s[i] = suffixAlphabet[v%27]
		v /= 27
	}
	return append(b, s[:]...)
}

// spread returns the i-th of n increasing numbers below limit, each at random within
// its own n-th part.
func spread(seed uint64, i, n int, limit uint64) uint64 {
	part := limit / uint64(n)
	return uint64(i)*part + mix(seed, uint64(i))%part
}
