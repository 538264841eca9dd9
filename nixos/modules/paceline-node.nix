# services.paceline.node: the decision node under systemd. Its settings are the file of docs/settings.md.
import ../lib/daemon.nix {
  name = "node";
  title = "decision node";
  state = "paceline";

  settingsOptions =
    { config, lib, ... }:
    {
      node.name = lib.mkOption {
        type = lib.types.str;
        default = config.networking.hostName;
        defaultText = lib.literalExpression "config.networking.hostName";
        description = "What metrics, journals and sessions call this node.";
      };
      node.region = lib.mkOption {
        type = lib.types.str;
        example = "us-east";
        description = "The region that it serves.";
      };
    };

  serviceConfig = {
    # It tells systemd three times as often that its shards still turn.
    WatchdogSec = 10;
    # One descriptor for each connection and file; connections are bounded by settings, and this is far above.
    LimitNOFILE = 1048576;
    OOMScoreAdjust = -500;
    SystemCallFilter = (import ../lib/hardening.nix).SystemCallFilter ++ [
      # Shards stay on their cores, what loads catalogs steps behind them, and shadows take what time is left.
      "sched_setaffinity sched_setscheduler setpriority"
    ];
  };
}
