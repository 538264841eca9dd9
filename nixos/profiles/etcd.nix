# A host with the role etcd: one member of what Patroni asks who is primary. Members are over three clouds, so that any one
# may fail.
{ lib, fleet, host, ... }:
let
  url = one: port: "http://${one.mesh}:${toString port}";
  members = fleet.withRole host.environment "etcd";
in
{
  services.etcd = {
    enable = true;
    name = host.name;
    # WireGuard encrypts it and knows both ends; traffic.json lets in nobody but databases, coordinators and members.
    listenClientUrls = [ (url host fleet.ports.etcdClient) ];
    listenPeerUrls = [ (url host fleet.ports.etcdPeer) ];
    initialCluster = map (member: "${member.name}=${url member fleet.ports.etcdPeer}") members;
    initialClusterToken = "paceline-${host.environment}";
    extraConf = {
      LISTEN_METRICS_URLS = url host fleet.ports.etcdMetrics;
      # Members are up to 100 ms apart (Europe and America): etcd's own rule is a heartbeat of one round trip and an election
      # of ten.
      HEARTBEAT_INTERVAL = "150";
      ELECTION_TIMEOUT = "1500";
      # Patroni's keys change every ten seconds: an hour of history is enough for whoever looks.
      AUTO_COMPACTION_MODE = "periodic";
      AUTO_COMPACTION_RETENTION = "1h";
      # Twice etcd's default and its advised maximum are 4 and 8 GB; Patroni needs megabytes.
      QUOTA_BACKEND_BYTES = "2147483648";
    };
  };

  systemd.services.etcd.serviceConfig = lib.mapAttrs (_: lib.mkForce) (import ../lib/hardening.nix // {
    StateDirectory = "etcd";
    StateDirectoryMode = "0700";
    # A member that starts late is waited for by nobody.
    RestartSec = "2s";
    # It asks for a better place on the disk's queue, and goes on where it gets none.
    SystemCallFilter = [
      "@system-service"
      "~@privileged"
    ];
  });
}
