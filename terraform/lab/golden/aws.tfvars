images = {
  "us-east-1"    = "ami-0000000000000000a"
  "eu-central-1" = "ami-0000000000000000b"
  "eu-north-1"   = "ami-0000000000000000c"
}
budget_dollars     = 20000
budget_subscribers = ["operators@example.com"]
