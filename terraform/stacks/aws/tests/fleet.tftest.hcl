# What a plan of the example holds, against the fleet file itself.

variables {
  images             = { "us-east-1" = "ami-0000000000000000a", "eu-central-1" = "ami-0000000000000000b" }
  budget_dollars     = 20000
  budget_subscribers = ["operators@example.com"]
}

run "plans_what_the_file_says" {
  command = plan

  assert {
    condition     = toset(keys(module.region)) == toset([for region in jsondecode(file(var.fleet_file)).regions : region.name if region.cloud == "aws"])
    error_message = "a region of the file is missing, or one is too many"
  }
  assert {
    condition = alltrue([
      for region in jsondecode(file(var.fleet_file)).regions :
      toset(keys(output.fleet_state[region.name].hosts)) == toset(region.hosts[*].name) if region.cloud == "aws"
    ])
    error_message = "a host of the file has no public address"
  }
}

run "an_image_that_is_none_is_refused" {
  command = plan
  variables {
    images = { "us-east-1" = "nixos.qcow2" }
  }
  expect_failures = [var.images]
}

run "a_bill_that_nobody_is_told_of_is_refused" {
  command = plan
  variables {
    budget_subscribers = []
  }
  expect_failures = [var.budget_subscribers]
}
