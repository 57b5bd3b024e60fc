// Numbers as people write them: jsonnet itself prints 0.9 as 0.90000000000000002.
{
  text(value):: '%.10g' % value,
  percent(ratio):: self.text(ratio * 100) + '%',
}
