# The regions whose traffic coordinators move, as their settings have them: who gives nodes their money, what those answer together,
# and where it is looked whether they do. A region without nodes has no traffic.
{ lib, fleet }:
environmentName:
let
  terms = lib.findFirst (
    one: one.name == environmentName
  ) (throw "${environmentName} is no environment of the fleet file") fleet.environments;
  hostsOf = region: role: lib.filter (host: host.region.name == region.name) (fleet.withRole environmentName role);

  # As `paceline fleet check` counts: a core has a million microseconds in a second, of which `load` percent may be used.
  carried =
    region:
    lib.foldl' (sum: node: sum + node.cores) 0 (hostsOf region "node")
    * (terms.load or 60)
    * 10000
    / terms.decisionMicroseconds;

  # Whether anybody may ask the region's edges for plain HTTP, by the rules that its cloud's firewall is made from: Google's edges let
  # in nobody but Google.
  isOpen =
    region:
    lib.any (
      rule:
      rule.port == "serve"
      && lib.elem "edge" rule.to
      && lib.elem "0.0.0.0/0" (fleet.traffic.sources.${rule.from}.${region.kind} or [ ])
    ) fleet.traffic.outside;

  # Two ways that do not fail together: edges by their public addresses, as the world comes, and nodes over the mesh, as brokers' words
  # do. Where no edge may be asked nobody looks, and only operators move the region: by the mesh alone both signals would fail with one
  # tunnel, and take out a region that serves. /healthz, since /readyz says no while the region is out; edges pass it on by a node's name.
  probesOf =
    region:
    let
      nodes = hostsOf region "node";
      edges = lib.optionals (isOpen region) (lib.filter (edge: edge.public != null) (hostsOf region "edge"));
      port = fleet.ports.serve;
    in
    # Settings take sixteen, and one that answers is enough.
    lib.optionals (edges != [ ]) (lib.take 16 (
      lib.imap0 (number: edge: {
        address = edge.public;
        inherit port;
        # Each by another node.
        path = "/n/${(lib.elemAt nodes (lib.mod number (lib.length nodes))).name}/healthz";
      }) (lib.take 4 edges)
      ++ map (node: {
        address = node.mesh;
        inherit port;
      }) nodes
    ));
in
map (region: {
  inherit (region) name;
  holders = map (broker: broker.name) (fleet.brokersOf region);
  # Nobody counts on a region that leaves: names lead nobody there. Zero is no number of the settings, which cannot say it otherwise. By
  # this number the guard would let it go without room elsewhere, before its nodes are counted: so nobody looks at it, and it goes when
  # operators say so, by what is counted.
  requestsPerSecond = if region.leaving or false then 1 else lib.max 1 (carried region);
  probes = lib.optionals (!(region.leaving or false)) (probesOf region);
}) (
  lib.filter (
    region: region.environment == environmentName && hostsOf region "node" != [ ] && fleet.brokersOf region != [ ]
  ) fleet.regions
)
