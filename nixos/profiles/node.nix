# A host with the role node: what it serves and where its money comes from, from the fleet file alone.
{ config, lib, fleet, host, ... }:
let
  issuer = import ../lib/issuer.nix { inherit lib fleet host; };
in
{
  imports = [
    ./identity.nix
    ./journals.nix
  ];

  # The same on all nodes of an environment, so that each takes the others' bills. A start reads it.
  paceline.secrets.notice-keys.units = [ "paceline-node.service" ];

  services.paceline.node = {
    enable = true;
    credentials.notice-keys = config.paceline.secrets.notice-keys.path;
    settings = {
      node.name = host.name;
      node.region = host.region.name;
      # From the edges, over the mesh; traffic.json says who gets through.
      listen = [
        {
          address = host.mesh;
          port = fleet.ports.serve;
        }
      ];
      admin = {
        address = host.mesh;
        port = fleet.ports.admin;
      };
      catalog = {
        # The region's brokers hand on what the coordinators publish.
        published = { };
        stateDirectory = "/var/lib/paceline/compiled";
      };
      journal = {
        directory = "/var/lib/paceline/journal";
        witness = "/run/paceline-node";
      };
      notices = {
        # This node has the reservations of its ads: the region's edges pass what comes here on to it, and to another where it is gone,
        # which claims the bill for it.
        baseURL = "https://${host.region.name}.${fleet.domain}/n/${host.name}";
        keyFile = "/run/credentials/paceline-node.service/notice-keys";
        # Ten years: a key that one node made for itself no other would know. Operators change it, in the secret.
        keyAgeSeconds = 315360000;
      };
      ledger.issuer = issuer.broker;
      # The collector of this host, which passes them on.
      traces = {
        address = "127.0.0.1";
        port = fleet.ports.traces;
        # Of the example's peak ninety decisions a second: for more than a kilobyte of each Tempo's host has no disk (observability.nix).
        ratio = 0.0001;
      };
    };
  };
  systemd.services.paceline-node.serviceConfig.SupplementaryGroups = [ "identity" ];

  assertions = [
    {
      assertion = fleet.brokersOf host.region != [ ];
      message = "${host.region.name} has the node ${host.name} and no broker that would give it money. Give the role broker to two hosts of the region, in nixos/fleet.json.";
    }
    {
      assertion = lib.elem host.name (fleet.holdersOfRegion host.region);
      message = "nixos/holders.json: ${host.region.name} has no ${host.name}. Add it at the end: a node's number at its brokers is its place there.";
    }
  ];
}
