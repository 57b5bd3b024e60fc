// An alert with what all of them have: severity and runbook from the
// configuration, by its name.
{
  new(config, name, expr, duration, summary, description, keepFiringFor=null):: {
    alert: name,
    expr: expr,
    'for': duration,
    [if keepFiringFor != null && config.keepFiring then 'keep_firing_for']: keepFiringFor,
    labels: { severity: config.severities[name] },
    annotations: {
      summary: summary,
      description: description,
      runbook_url: config.runbookURLPattern % name,
    },
  },
}
