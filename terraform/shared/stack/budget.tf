# What a month may cost and who is told, once: a link to this file stands in the stack of each cloud.

variable "budget_dollars" {
  description = "A month's bill in this cloud of which half, four fifths and all are told to `budget_subscribers`; at Google to the billing account's administrators as well."
  type        = number
}

variable "budget_subscribers" {
  description = "Who is told of the bill and of quotas, by mail."
  type        = list(string)

  validation {
    condition     = length(var.budget_subscribers) > 0
    error_message = "Somebody has to be told what the month costs: name one address at least."
  }
}
