# services.paceline.broker: a region's money under systemd. Its settings are the file of docs/broker-settings.md. Its journal is
# what it goes on from; an older copy of that is never put back.
import ../lib/daemon.nix {
  name = "broker";
  title = "broker";
  state = "paceline-broker";

  settingsOptions =
    { config, lib, ... }:
    {
      name = lib.mkOption {
        type = lib.types.str;
        default = config.networking.hostName;
        defaultText = lib.literalExpression "config.networking.hostName";
        description = "What its log and its journal call this broker.";
      };
      holders = lib.mkOption {
        type = lib.types.listOf lib.types.str;
        description = "Which nodes may hold money of this broker. A node's number is its place here: names are only ever added at the end.";
      };
    };

  # No WatchdogSec: a broker says when it is ready and when it leaves, and nothing in between. Nodes of one that hangs ask the
  # other of the pair.
  serviceConfig = {
    LimitNOFILE = 65536;
    OOMScoreAdjust = -500;
  };
}
