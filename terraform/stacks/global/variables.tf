# What whoever applies this stack has to say beside the fleet file.

variable "nearest" {
  description = "Route 53 measures latency to AWS's own regions: for every other location, the AWS region nearest to it."
  type        = map(string)
  default = {
    "us-central1"  = "us-east-2"
    "us-east4"     = "us-east-1"
    "europe-west1" = "eu-west-3"
    "europe-west3" = "eu-central-1"
  }
}
