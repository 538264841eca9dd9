# Secrets by name, each a path outside of the store that exists when the host runs. Who puts them there is not said here:
# nixos/platforms/sops.nix does by sops-nix, and another way needs another file like it.
{ lib, ... }:
{
  options.paceline.secrets = lib.mkOption {
    description = "The secrets that this host reads.";
    default = { };
    type = lib.types.attrsOf (
      lib.types.submodule (
        { name, ... }:
        {
          options = {
            path = lib.mkOption {
              type = lib.types.strMatching "/.+";
              default = "/run/secrets/${name}";
              description = "Where it is when the host runs.";
            };
            owner = lib.mkOption {
              type = lib.types.str;
              default = "root";
              description = "Who reads it. Services that take credentials need nobody but root.";
            };
            units = lib.mkOption {
              type = lib.types.listOf lib.types.str;
              default = [ ];
              description = "What is restarted when it has changed.";
            };
          };
        }
      )
    );
  };
}
