// Variables at the top of a dashboard.
{
  datasource:: {
    type: 'datasource',
    name: 'datasource',
    label: 'Data source',
    query: 'prometheus',
    regex: '',
    refresh: 1,
    hide: 0,
    multi: false,
    includeAll: false,
    options: [],
    current: {},
  },

  // The values that a label has in the metric, one or more of them or All.
  label(name, label, metric):: {
    local query = 'label_values(%s, %s)' % [metric, label],
    type: 'query',
    name: name,
    label: std.asciiUpper(name[0]) + name[1:],
    datasource: { type: 'prometheus', uid: '${datasource}' },
    definition: query,
    query: { query: query, refId: 'Variable-' + name },
    regex: '',
    refresh: 2,
    sort: 1,
    hide: 0,
    multi: true,
    includeAll: true,
    allValue: '.+',
    options: [],
    current: { selected: true, text: ['All'], value: ['$__all'] },
  },
}
