# A host with the role broker: one of a pair, which holds the region's money for the time without a coordinator, and keeps the
# published catalog for the region's nodes.
{ config, lib, fleet, host, ... }:
let
  issuer = import ../lib/issuer.nix { inherit lib fleet host; };
  holders = fleet.holdersOfRegion host.region;
in
{
  imports = [ ./identity.nix ];

  services.paceline.broker = {
    enable = true;
    settings = {
      name = host.name;
      inherit holders;
      listen = [ (issuer.listener fleet.ports.broker) ];
      admin = {
        address = host.mesh;
        port = fleet.ports.admin;
      };
      root = issuer.root;
      journal = {
        directory = "/var/lib/paceline-broker/journal";
        witness = "/run/paceline-broker";
      };
      catalog.directory = "/var/lib/paceline-broker/catalog";
      # The collector of this host, which passes them on.
      traces = {
        address = "127.0.0.1";
        port = fleet.ports.traces;
      };
    };
  };
  systemd.services.paceline-broker.serviceConfig.SupplementaryGroups = [ "identity" ];

  assertions = [
    {
      assertion = lib.elem host.name (fleet.holdersOfRoot host.environment);
      message = "nixos/holders.json: `root` of ${host.environment} has no ${host.name}. Add it at the end: a holder's number in the ledger is its place there.";
    }
    {
      assertion = holders != [ ];
      message = "nixos/holders.json: `regions` of ${host.environment} has no nodes of ${host.region.name}. Name them, in an order that never changes: a node's number at its brokers is its place there.";
    }
    {
      assertion = lib.length holders <= 64;
      message = "nixos/holders.json: ${host.region.name} has ${toString (lib.length holders)} nodes, and a broker takes 64. Make another region of the rest.";
    }
    {
      assertion = lib.length (lib.unique holders) == lib.length holders;
      message = "nixos/holders.json: a name stands twice in ${host.region.name}. Each has one place, which is never given to another.";
    }
  ];
}
