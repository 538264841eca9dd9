variables {
  state_file = "tests/state.json"
}

run "every_region_with_edges_is_under_the_one_name" {
  command = plan

  assert {
    condition     = toset(keys(aws_route53_record.requests)) == toset(["us-east", "us-central", "eu-central", "eu-west"])
    error_message = "a region with edges is missing, or one without them is there"
  }
  assert {
    condition     = alltrue([for name, record in aws_route53_record.requests : record.name == "bid.ads.example.com" && record.set_identifier == name])
    error_message = "regions do not share the name"
  }
  assert {
    condition     = toset(aws_route53_record.requests["us-east"].records) == toset(["198.51.100.1", "198.51.100.5"])
    error_message = "the addresses are not those that were absorbed"
  }
  assert {
    condition     = alltrue([for check in aws_route53_health_check.region : check.type == "HTTPS" && check.resource_path == "/edge"])
    error_message = "a region that is out of service still takes connections, and would keep its requests"
  }
  assert {
    condition     = aws_route53_record.requests["eu-west"].latency_routing_policy[0].region == "eu-west-3"
    error_message = "a region of Google is not near an AWS region"
  }
}

run "an_address_that_nobody_absorbed_is_refused" {
  command = plan
  variables {
    state_file = "tests/incomplete.json"
  }
  expect_failures = [aws_route53_zone.fleet]
}

run "a_place_that_is_near_nothing_is_refused" {
  command = plan
  variables {
    nearest = { "us-central1" = "us-east-2" }
  }
  expect_failures = [aws_route53_record.requests["eu-west"]]
}
