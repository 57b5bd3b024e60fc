// What each setting may be. A setting that is not listed is misspelt.
local duration = import 'duration.libsonnet';

// A kind is what is allowed, in words, and how to tell.
local kind(allowed, fits) = { allowed: allowed, fits: fits };
local number(allowed, fits) = kind(allowed, function(v) std.isNumber(v) && fits(v));
local whole(v) = std.floor(v) == v;

local isLabelChar(c) = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
local isLabel(v) = std.isString(v) && v != '' && !(v[0] >= '0' && v[0] <= '9') && std.all([isLabelChar(c) for c in std.stringChars(v)]);

// outside is a selector with each quoted value as one "v", or null if a quote
// stays open.
local outside(text) =
  local go(i, quoted, out) =
    if i >= std.length(text) then (if quoted then null else out)
    else if quoted && text[i] == '\\' then go(i + 2, true, out) tailstrict
    else if text[i] == '"' then go(i + 1, !quoted, if quoted then out + '"' else out) tailstrict
    else go(i + 1, quoted, if quoted then out else out + text[i]) tailstrict;
  go(0, false, '');

local isMatcher(text) =
  local matcher = std.stripChars(text, ' ');
  local ends = [op for op in ['=~"', '!~"', '!="', '="'] if std.endsWith(matcher, op)];
  ends != [] && isLabel(std.rstripChars(std.substr(matcher, 0, std.length(matcher) - std.length(ends[0])), ' '));

local isSelector(v) =
  std.isString(v)
  && (
    local bare = outside(v);
    bare != null && std.all([isMatcher(m) for m in std.split(bare, ',')])
  );

local share = number('a share above 0 and up to 1, such as 0.9', function(v) v > 0 && v <= 1);
local count = number('a whole number, 0 or more', function(v) v >= 0 && whole(v));
local seconds = number('a whole number of seconds above 0', function(v) v > 0 && whole(v));
local window = kind('a duration above 0, such as 10m', function(v) duration.parse(v) != null && duration.parse(v) > 0);
local wait = kind('a duration, such as 15m', function(v) duration.parse(v) != null);
local boolean = kind('true or false', std.isBoolean);
local text = kind('a text', std.isString);
local word = kind('a text that is not empty', function(v) std.isString(v) && v != '');

local kinds = {
  podCountSelector: kind('matchers, one or more, such as job="pod_count_exporter"', isSelector),
  clusterLabel: kind("a label's name, such as cluster", isLabel),
  runbookURLPattern: kind("a text with %s for the alert's name", function(v) std.isString(v) && std.length(std.findSubstr('%s', v)) == 1 && std.length(std.findSubstr('%', v)) == 1),
  cacheTTLSeconds: seconds,
  scrapeIntervalSeconds: seconds,
  rateWindow: window,
  durationWindow: window,
  restartWindow: window,
  failuresFor: wait,
  keepFiringFor: wait,
  keepFiring: boolean,
  pageFailureRatio: share,
  accessDeniedFor: wait,
  accessDeniedKeepFiringFor: wait,
  staleTTLs: number('a number of cache TTLs, 2 or more', function(v) v >= 2),
  staleFor: wait,
  incompleteFor: wait,
  slowRatio: share,
  slowFor: wait,
  inconsistentFor: wait,
  droppedRatio: share,
  droppedMinPods: count,
  droppedOffset: window,
  droppedFor: wait,
  noNodesMemory: window,
  noNodesFor: wait,
  downFor: wait,
  goneMemory: window,
  shardMissingFor: wait,
  restarts: count,
  restartsWindow: window,
  configFor: wait,
  nearlyFullRatio: share,
  fullRatio: share,
  clusterFullRatio: share,
  capacityFor: wait,
  singlePodNodes: count,
  podsWithoutNode: count,
  unknownNodePods: count,
  podsStayFor: wait,
  logAlerts: boolean,
  watchAlerts: boolean,
  severities: kind('an object of alerts and their severities', std.isObject),
  dashboardNamePrefix: text,
  dashboardTags: kind('a list of texts, one or more', function(v) std.isArray(v) && v != [] && std.all([std.isString(tag) && tag != '' for tag in v])),
  dashboardRefresh: window,
  dashboardFrom: word,
  dashboardTimezone: text,
  nodeDashboardUID: text,
};

// Settings that must not be lower than others; limits says why.
local order(config) =
  local needs(name, least, why) = {
    holds: duration.parse(config[name]) >= least,
    message: '%s is %s: it must be at least %s, %s' % [name, config[name], duration.format(least), why],
  };
  local below(low, high) = {
    holds: config[low] < config[high],
    message: '%s is %s: it must be less than %s, which is %s' % [low, config[low], high, config[high]],
  };
  [
    needs('rateWindow', 2 * config.cacheTTLSeconds, 'two times cacheTTLSeconds'),
    needs('rateWindow', 4 * config.scrapeIntervalSeconds, 'four times scrapeIntervalSeconds'),
    needs('durationWindow', duration.parse(config.rateWindow), 'the length of rateWindow'),
    needs('dashboardRefresh', std.min(60, config.scrapeIntervalSeconds), 'scrapeIntervalSeconds or a minute'),
    below('nearlyFullRatio', 'fullRatio'),
  ];

local show(v) = if std.isFunction(v) then 'a function' else std.manifestJsonMinified(v);
local fail(message) = error '_config.' + message;

local checkKeys(config) =
  local unknown = [key for key in std.objectFieldsAll(config) if !std.objectHas(kinds, key)];
  unknown == [] || fail('%s is no setting: there are %s' % [unknown[0], std.join(', ', std.objectFields(kinds))]);

// Others are derived from the first two.
local checkKinds(config) = std.all([
  kinds[key].fits(config[key]) || fail('%s is %s: it must be %s' % [key, show(config[key]), kinds[key].allowed])
  for key in ['cacheTTLSeconds', 'scrapeIntervalSeconds'] + std.objectFields(kinds)
]);

local checkSeverities(config, alerts) =
  local given = std.objectFields(config.severities);
  local unknown = [name for name in given if !std.member(alerts, name)];
  local bad = [name for name in given if !word.fits(config.severities[name])];
  (unknown == [] || fail('severities.%s is no alert: there are %s' % [unknown[0], std.join(', ', alerts)]))
  && (bad == [] || fail('severities.%s is %s: it must be %s' % [bad[0], show(config.severities[bad[0]]), word.allowed]));

local checkOrder(config) = std.all([one.holds || fail(one.message) for one in order(config)]);

{
  // alerts are the names that severities may have.
  check(config, alerts)::
    checkKeys(config) && checkKinds(config) && checkSeverities(config, alerts) && checkOrder(config),
}
