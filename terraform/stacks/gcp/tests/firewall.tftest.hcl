# The clouds' firewall against the table that the hosts' own is made from.

variables {
  project            = "example-ads"
  project_number     = "123456789012"
  image              = "projects/example-ads/global/images/paceline"
  billing_account    = "000000-000000-000000"
  budget_dollars     = 20000
  budget_subscribers = ["operators@example.com"]
}

run "lets_in_what_the_table_says_and_nobody_by_ssh" {
  command = plan

  assert {
    condition     = toset(keys(module.region["us-central"].ways_in)) == toset(["mesh", "serve", "serve-tls"])
    error_message = "other ways in: ${jsonencode(module.region["us-central"].ways_in)}"
  }
  assert {
    condition = (
      toset(module.region["us-central"].ways_in["serve"].sources) == toset(["10.11.240.0/20", "35.191.0.0/16", "130.211.0.0/22"]) &&
      toset(module.region["us-central"].ways_in["serve"].tags) == toset(["edge"]) &&
      module.region["us-central"].ways_in["serve"].allow == ["tcp 8080"]
    )
    error_message = "requests come from elsewhere: ${jsonencode(module.region["us-central"].ways_in["serve"])}"
  }
}

run "a_bill_that_nobody_is_told_of_is_refused" {
  command = plan
  variables {
    budget_subscribers = []
  }
  expect_failures = [var.budget_subscribers]
}

run "a_number_that_is_a_name_is_refused" {
  command = plan
  variables {
    project_number = "example-ads"
  }
  expect_failures = [var.project_number]
}
