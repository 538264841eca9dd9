# A host with the role node: what it serves, from the fleet file alone.
{ lib, ... }:
{ fleet, host }:
{
  services.paceline.node = {
    enable = true;
    openFirewall = true;
    settings = {
      node.name = host.name;
      node.region = host.region.name;
      listen = [ { port = fleet.ports.serve; } ];
      # For those on the host alone, until there is a mesh.
      admin = {
        address = "127.0.0.1";
        port = fleet.ports.admin;
      };
      catalog = {
        path = "/var/lib/paceline/catalog";
        stateDirectory = "/var/lib/paceline/compiled";
      };
      journal.directory = "/var/lib/paceline/journal";
    };
  };
}
