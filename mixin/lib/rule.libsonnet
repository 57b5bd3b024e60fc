// A recording rule.
{
  new(record, expr, labels=null):: {
    record: record,
    expr: expr,
    [if labels != null then 'labels']: labels,
  },
}
