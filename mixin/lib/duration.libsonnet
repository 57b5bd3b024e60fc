// Durations as Prometheus writes them: 90s, 10m, 1h30m.
local units = [['w', 604800], ['d', 86400], ['h', 3600], ['m', 60], ['s', 1]];
local isDigit(c) = c >= '0' && c <= '9';

// parts splits the text into numbers and units, or is null.
local parts(text) =
  local go(i, digits, found) =
    if i == std.length(text) then (if digits == '' && found != [] then found else null)
    else if isDigit(text[i]) then go(i + 1, digits + text[i], found) tailstrict
    else
      local unit = [u for u in units if u[0] == text[i]];
      if digits == '' || unit == [] then null
      else go(i + 1, '', found + [[std.parseInt(digits), unit[0][1]]]) tailstrict;
  go(0, '', []);

local inOrder(found) = std.all([found[i][1] > found[i + 1][1] for i in std.range(0, std.length(found) - 2)]);

{
  // The seconds of a text, or null if it is none.
  parse(text)::
    if !std.isString(text) then null
    else
      local found = parts(text);
      if found == null || !inOrder(found) then null
      else std.foldl(function(sum, part) sum + part[0] * part[1], found, 0),

  // The longest of seconds and texts, and their sum. Those that are no duration
  // count for nothing: the check of the settings names them.
  longest(durations):: self.format(std.foldl(std.max, known(durations), 0)),
  sum(durations):: self.format(std.foldl(function(a, b) a + b, known(durations), 0)),

  local known(durations) = [d for d in [if std.isNumber(d) then d else self.parse(d) for d in durations] if d != null],

  // Whole seconds in the largest unit that divides them. What is no number stays
  // as it is: the check of the settings says so with its name.
  format(seconds)::
    if !std.isNumber(seconds) || seconds <= 0 then seconds
    else
      local fitting = [u for u in units if seconds % u[1] == 0];
      if fitting == [] then '%ds' % std.ceil(seconds)
      else '%d%s' % [seconds / fitting[0][1], fitting[0][0]],
}
