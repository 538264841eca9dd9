# A region that was taken in and is in the fleet file no more goes only without money.

variables {
  images             = { "us-east-1" = "ami-0000000000000000a", "eu-central-1" = "ami-0000000000000000b" }
  budget_dollars     = 20000
  budget_subscribers = ["operators@example.com"]
  state_file         = "tests/closing/state.json"
  holders_file       = "tests/closing/holders.json"
}

run "money_that_nobody_asked_about_is_refused" {
  command         = plan
  expect_failures = [terraform_data.regions]
}

run "money_that_is_outstanding_is_refused" {
  command = plan
  variables {
    sessions_file = "tests/closing/owing.json"
  }
  expect_failures = [terraform_data.regions]
}

run "settled_and_presumed_spent_may_go" {
  command = plan
  variables {
    sessions_file = "tests/closing/settled.json"
  }
  assert {
    condition     = module.closing.going == ["asia"] && length(module.closing.owing) == 0
    error_message = "asia may go, and does not"
  }
}
