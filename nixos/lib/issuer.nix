# Who gives money to whom, and how the two know each other: coordinators to brokers, brokers to the nodes of their region, by
# the certificates that nixos/profiles/identity.nix keeps.
{
  lib,
  fleet,
  host,
}:
let
  identity = "/var/lib/identity";
  # As whom this host asks, and whom it believes.
  asking = serverName: {
    inherit serverName;
    authorityFile = "${identity}/authority.pem";
    certificateFile = "${identity}/certificate.pem";
    keyFile = "${identity}/key.pem";
  };
  at = port: map (one: {
    address = one.mesh;
    inherit port;
  });
  nodes = lib.filter (one: one.region.name == host.region.name) (fleet.withRole host.environment "node");
  place = lib.lists.findFirstIndex (one: one.name == host.name) 0 nodes;
in
{
  # Where holders of money come in: who holds some shows who he is.
  listener = port: {
    address = host.mesh;
    inherit port;
    tls = {
      certificateFile = "${identity}/certificate.pem";
      keyFile = "${identity}/key.pem";
      clientCAFile = "${identity}/authority.pem";
      clientCertificate = "required";
      minimumVersion = "1.3";
    };
  };

  # A broker's.
  root = {
    holder = host.name;
    coordinators = at fleet.ports.coordinator (fleet.withRole host.environment "coordinator");
    tls = asking "coordinator.${fleet.domain}";
  };

  # A node's: a session is with the broker that is named first, so every second node names them the other way round, and each
  # has half of them.
  broker = {
    holder = host.name;
    coordinators = at fleet.ports.broker (
      (if lib.mod place 2 == 0 then lib.id else lib.reverseList) (fleet.brokersOf host.region)
    );
    tls = asking "broker.${host.region.name}.${fleet.domain}";
  };
}
