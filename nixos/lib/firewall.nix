# The rules of one host, in nftables' words, from the table that Terraform's firewall is made from too. What no rule lets in
# is dropped by NixOS's own chain, which these are appended to.
{ lib }:
{ fleet, host }:
let
  inherit (fleet) traffic;
  set = values: "{ ${lib.concatStringsSep ", " values} }";
  port = name: toString fleet.ports.${name};

  sourcesOf =
    rule:
    if rule.from == "operators" then
      fleet.operators.networks
    else
      map (
        source: if source == "proxies" then fleet.proxies host.region else source
      ) traffic.sources.${rule.from}.${host.region.kind};
  outside =
    rule:
    let
      sources = sourcesOf rule;
    in
    lib.optional (lib.any host.has rule.to && sources != [ ]) (
      ''iifname != "mesh" ''
      + lib.optionalString (sources != [ "0.0.0.0/0" ]) "ip saddr ${set sources} "
      + ''${rule.protocol} dport ${port rule.port} accept comment "${rule.name}"''
    );

  isNear = within: other: within != "region" || other.region.name == host.region.name;
  peersOf =
    rule:
    map (other: other.mesh) (
      lib.filter (
        other: other.name != host.name && isNear rule.within other && lib.any other.has rule.from
      ) (fleet.environment host.environment)
    )
    ++ lib.optionals (lib.elem "operators" rule.from) (
      map (peer: peer.mesh) (lib.attrValues fleet.operators.peers)
    );
  mesh =
    rule:
    let
      peers = peersOf rule;
    in
    lib.optional (lib.any host.has rule.to && peers != [ ]) ''iifname "mesh" ip saddr ${set peers} tcp dport ${set (map port rule.ports)} accept comment "${rule.name}"'';
in
lib.concatLines (lib.concatMap outside traffic.outside ++ lib.concatMap mesh traffic.mesh)
