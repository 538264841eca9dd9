# A host with the role node: what it serves and where its money comes from, from the fleet file alone.
{ lib, fleet, host, ... }:
{
  imports = [ ./identity.nix ];

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
        path = "/var/lib/paceline/catalog";
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
      # Until there are brokers a node asks the root itself.
      ledger.issuer = {
        holder = host.name;
        coordinators = map (other: {
          address = other.mesh;
          port = fleet.ports.coordinator;
        }) (fleet.withRole host.environment "coordinator");
        tls = {
          serverName = "coordinator.${fleet.domain}";
          authorityFile = "/var/lib/identity/authority.pem";
          certificateFile = "/var/lib/identity/certificate.pem";
          keyFile = "/var/lib/identity/key.pem";
        };
      };
    };
  };
  systemd.services.paceline-node.serviceConfig.SupplementaryGroups = [ "identity" ];

  assertions = [
    {
      assertion = lib.elem host.name (fleet.holdersOf host.environment);
      message = "nixos/holders.json: ${host.environment} has no ${host.name}. Add it at the end: a holder's number in the ledger is its place there.";
    }
  ];
}
