# The clouds' firewall against the table that the hosts' own is made from.

variables {
  images             = { "us-east-1" = "ami-0000000000000000a", "eu-central-1" = "ami-0000000000000000b" }
  budget_dollars     = 20000
  budget_subscribers = ["operators@example.com"]
}

run "lets_in_what_the_table_says_and_nobody_by_ssh" {
  command = plan

  assert {
    condition = toset([for way in module.fleet.ways_in : "${way.protocol} ${way.port} ${join(",", way.roles)} ${join(",", way.sources)}"]) == toset([
      "udp 51820 all 0.0.0.0/0", "tcp 8080 edge 0.0.0.0/0", "tcp 8443 edge 0.0.0.0/0", "tcp 22 all ",
    ])
    error_message = "other ways in: ${jsonencode(module.fleet.ways_in)}"
  }
  assert {
    condition     = alltrue([for region in module.region : length(region.ways_in) == 4])
    error_message = "a region lets in something else: ${jsonencode([for region in module.region : region.ways_in])}"
  }
}

run "operators_get_in_from_their_networks_alone" {
  command = plan
  variables {
    operators_file = "tests/operators.json"
  }

  assert {
    condition     = contains(module.region["us-east"].ways_in, "ssh from 192.0.2.0/24 to all: tcp 22 from 192.0.2.0/24")
    error_message = "the operators' network is not let in: ${jsonencode(module.region["us-east"].ways_in)}"
  }
  assert {
    condition     = length(module.region["us-east"].ways_in) == 5
    error_message = "more than the operators' network is let in"
  }
}
