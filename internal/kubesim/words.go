package kubesim

// The word lists name a made-up job market. Each is sorted, because an index into it
// must sort like the name made from it: that is how a pod is found by its key without
// storing names. The functions return new slices: shared ones that could be changed
// would make clusters depend on each other.

func defaultNamespaces() []string {
	return []string{
		"accounts", "ads", "analytics", "billing", "candidates", "cert-manager", "checkout", "ci",
		"crawlers", "documents", "feeds", "identity", "ingress", "jobs", "kube-system", "logging",
		"mailing", "matching", "monitoring", "notifications", "payments", "recommendations", "search", "web",
	}
}

// subjectWords has 64 entries: the digits of a workload's number.
func subjectWords() [64]string {
	return [64]string{
		"account", "address", "advert", "agency", "alert", "apply", "archive", "audit",
		"avatar", "banner", "basket", "branch", "bulk", "calendar", "campaign", "career",
		"catalog", "chat", "company", "contact", "content", "contract", "coupon", "cv",
		"dashboard", "delivery", "device", "digest", "document", "draft", "email", "employer",
		"event", "export", "favorite", "feed", "filter", "geo", "image", "import",
		"index", "invoice", "job", "label", "ledger", "listing", "location", "login",
		"match", "media", "message", "offer", "order", "partner", "profile", "quota",
		"ranking", "report", "resume", "session", "skill", "survey", "trend", "voucher",
	}
}

// workload is one controller's share of a block of pods.
type workload struct {
	role string
	pods int
}

// blockSize is the number of consecutive pods that share a subject word.
const blockSize = 64

// blockShapes are ways to divide a block among controllers, sorted by role.
func blockShapes() [][]workload {
	return [][]workload{
		{{"api", 20}, {"cache", 6}, {"consumer", 12}, {"migrator", 2}, {"web", 16}, {"worker", 8}},
		{{"api", 30}, {"worker", 34}},
		{{"backend", 12}, {"batch", 9}, {"frontend", 24}, {"gateway", 3}, {"proxy", 12}, {"scheduler", 4}},
		{{"consumer", 40}, {"indexer", 8}, {"producer", 15}, {"scheduler", 1}},
		{{"agent", 50}, {"api", 5}, {"controller", 3}, {"web", 6}},
	}
}

func nodePools() []string {
	return []string{"ci", "compute", "general", "memory", "spot"}
}

func imageNames() []string {
	return []string{
		"agent", "api", "auth", "backup", "billing", "builder", "cache", "collector", "consumer", "crawler",
		"exporter", "frontend", "gateway", "indexer", "mailer", "matcher", "migrator", "parser", "proxy", "queue",
		"ranker", "renderer", "reporter", "router", "scheduler", "search", "storage", "uploader", "web", "worker",
	}
}
