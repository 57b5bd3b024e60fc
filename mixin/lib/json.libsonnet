// JSON with numbers as people write them: jsonnet itself prints 0.9 as
// 0.90000000000000002.
local number = import 'number.libsonnet';

local lines(open, close, items, indent) =
  if items == [] then open + close
  else open + '\n' + std.join(',\n', [indent + '  ' + item for item in items]) + '\n' + indent + close;

local manifest(value, indent='') =
  if std.isNumber(value) then number.text(value)
  else if std.isArray(value) then lines('[', ']', [manifest(item, indent + '  ') for item in value], indent)
  else if std.isObject(value) then
    lines('{', '}', [std.escapeStringJson(key) + ': ' + manifest(value[key], indent + '  ') for key in std.objectFields(value)], indent)
  else std.manifestJsonMinified(value);

{
  manifest(value):: manifest(value),
}
