# What only AWS knows of a region, for nixos/fleet.state.json.

output "state" {
  description = "What only the cloud knows of this region: public values."
  value = {
    balancer = sort([for eip in aws_eip.balancer : eip.public_ip])
    hosts    = { for name, eip in aws_eip.host : name => { public = eip.public_ip } }
  }
}

output "ways_in" {
  description = "What the region's firewall lets in, for tests."
  value = concat(
    [for name, rule in aws_vpc_security_group_ingress_rule.outside : "${name}: ${rule.ip_protocol} ${rule.from_port} from ${rule.cidr_ipv4}"],
    ["fragmentation needed: icmp"],
  )
}
