# A host with the role node: what it serves and where its money comes from, from the fleet file alone.
{ lib, fleet, host, ... }:
let
  issuer = import ../lib/issuer.nix { inherit lib fleet host; };
in
{
  imports = [
    ./identity.nix
    ./journals.nix
  ];

  services.paceline.node = {
    enable = true;
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
        # Only this node has the reservations of its ads: the region's edges pass what comes here on to it and no other.
        baseURL = "https://${host.region.name}.${fleet.domain}/n/${host.name}";
        keyFile = "/var/lib/paceline/notice-keys";
      };
      ledger.issuer = issuer.broker;
      # The collector of this host, which passes them on.
      traces = {
        address = "127.0.0.1";
        port = fleet.ports.traces;
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
