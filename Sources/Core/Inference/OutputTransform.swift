// What makes a prediction of raw scores. Raw scores are exact; a transform goes through our own exp and log,
// so it is the same on every machine and may differ from the original library's in the last place.

public enum OutputTransform: Equatable, Sendable {
    case identity
    /// 1 / (1 + exp(−steepness · score)), each output by itself.
    case sigmoid(steepness: Double)
    /// exp(score) over the sum of all outputs'.
    case softmax
    case exponential
    /// sign(score) · score².
    case signedSquare
    /// log(1 + exp(score)).
    case softplus
    /// 1 where the score is above zero, else 0.
    case step
    /// The number of the first output that is the largest: one value for all outputs.
    case largest
}
