"""driver.py TEST NIXPKGS: a test's script behind what nixpkgs's own driver says of the names in it, on standard output, for a
checker of types."""

import json
import pathlib
import sys

folder, nixpkgs = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
regions = json.loads((folder / "fleet.json").read_text(encoding="utf-8"))["regions"]
print((nixpkgs / "nixos/lib/test-script-prepend.py").read_text(encoding="utf-8"))
for region in regions:
    for host in region["hosts"]:
        print(f"{host['name']} = create_fake_qemu_machine()")
print((folder / "test.py").read_text(encoding="utf-8"))
