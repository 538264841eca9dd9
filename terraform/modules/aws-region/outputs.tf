# What only AWS knows of a region, for nixos/fleet.state.json.

output "state" {
  description = "What only the cloud knows of this region: public values."
  value = {
    balancer = sort([for eip in aws_eip.balancer : eip.public_ip])
    hosts    = { for name, eip in aws_eip.host : name => { public = eip.public_ip } }
  }
}
