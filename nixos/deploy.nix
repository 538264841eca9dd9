# deploy-rs's nodes: every host over the mesh, back to what it ran before where it does not come through.
{
  lib,
  hosts,
  configurations,
  activate,
}:
{
  # A host that cannot be reached by the new configuration goes back to the old one by itself.
  magicRollback = true;
  autoRollback = true;
  # A node drains for half a minute, and Patroni's members take their time to be synchronous again.
  activationTimeout = 300;
  confirmTimeout = 60;

  nodes = lib.mapAttrs (name: made: {
    hostname = made.host.mesh;
    profiles.system = {
      sshUser = "deploy";
      user = "root";
      path = activate.nixos configurations.${name};
    };
  }) hosts;
}
