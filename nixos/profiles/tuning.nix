# How hosts are set for answers in microseconds. Each setting has its reason; none is here for luck.
{ lib, host, ... }:
{
  boot.kernel.sysctl = {
    # A burst of new connections waits here for the node's loop; 4,096 is its own bound (Listener.backlog).
    "net.core.somaxconn" = 4096;
    # Half-open ones: twice that, since each takes a round trip to become one.
    "net.ipv4.tcp_max_syn_backlog" = 8192;
    # Connections of exchanges are kept for minutes and are quiet between breaks: their window is not to shrink meanwhile.
    "net.ipv4.tcp_slow_start_after_idle" = 0;
    # Bandwidth is not what limits an answer of 4 KB, and a lost packet between continents is not a queue.
    "net.ipv4.tcp_congestion_control" = "bbr";
    "net.core.default_qdisc" = "fq";
    # A path with a smaller packet size shows only by loss where ICMP is filtered: probe when it does.
    "net.ipv4.tcp_mtu_probing" = 1;
    # An edge opens some ten thousand connections to its nodes after a failover; the default range has 28,000.
    "net.ipv4.ip_local_port_range" = "16384 65000";
    # One descriptor for each connection of all shards, and those of everything else.
    "fs.file-max" = 4194304;
    # A process that swaps answers in milliseconds.
    "vm.swappiness" = 1;
    # Journals are written a little at a time instead of in bursts that stall commits: 64 MiB start it, 512 MiB is the end.
    "vm.dirty_background_bytes" = 67108864;
    "vm.dirty_bytes" = 536870912;
    # Memory for interrupts that may not wait: a burst on a 25 Gbit/s card takes it from pages otherwise.
    "vm.min_free_kbytes" = 131072;
  };
  boot.kernelModules = [ "tcp_bbr" ];
  swapDevices = lib.mkForce [ ];

  boot.kernelParams =
    # Large pages are for who asks for them (madvise): compaction at a page fault is a pause of milliseconds.
    [ "transparent_hugepage=madvise" ]
    # A node's cores stay awake: leaving a deep sleep takes more time than a decision.
    ++ lib.optionals (host.has "node") [
      "intel_idle.max_cstate=1"
      "processor.max_cstate=1"
    ];

  powerManagement.cpuFreqGovernor = lib.mkIf (host.has "node") (lib.mkDefault "performance");

  # Queues of the network card are spread over the cores where its driver did not; on few cores they are left alone.
  services.irqbalance.enable = lib.mkIf (host.cores >= 4) true;
}
