// A dashboard of rows of panels. Places on the grid of 24 columns are worked
// out here, so panels cannot overlap.
{
  // A row: its title, the height of its panels, and pairs of width and panel.
  row(title, height, panels):: { title: title, height: height, panels: panels },

  // file is the name of the generated file; the uid comes from it, so links to
  // the dashboard keep working.
  new(config, file, title, description, variables, rows, annotations):: {
    uid: std.md5(file),
    title: config.dashboardNamePrefix + title,
    description: description,
    tags: config.dashboardTags,
    timezone: config.dashboardTimezone,
    editable: true,
    graphTooltip: 1,
    schemaVersion: 41,
    version: 1,
    refresh: config.dashboardRefresh,
    time: { from: config.dashboardFrom, to: 'now' },
    timepicker: {},
    annotations: { list: annotations },
    templating: { list: variables },
    links: [{
      title: 'Pod Count',
      type: 'dashboards',
      asDropdown: false,
      icon: 'external link',
      includeVars: true,
      keepTime: true,
      tags: config.dashboardTags,
      targetBlank: false,
      tooltip: '',
      url: '',
    }],
    panels: std.mapWithIndex(function(i, panel) panel { id: i + 1 }, place(rows, 0)),
  },

  local place(rows, y) =
    if rows == [] then []
    else header(rows[0], y) + line(rows[0].panels, rows[0].height, 0, y + 1) + place(rows[1:], y + 1 + rows[0].height),

  local header(row, y) = [{ type: 'row', title: row.title, collapsed: false, panels: [], gridPos: { x: 0, y: y, w: 24, h: 1 } }],

  local line(panels, height, x, y) =
    if panels == [] then []
    else
      assert x + panels[0][0] <= 24 : 'the row of panel "%s" is wider than the grid' % panels[0][1].title;
      [panels[0][1] { gridPos: { x: x, y: y, w: panels[0][0], h: height } }] + line(panels[1:], height, x + panels[0][0], y),
}
