// What XGBoost's objective makes of raw scores, and what it made of the base score that the model holds: that
// stands as a prediction, and sums start from the raw score of it.

import Numerics

struct XGBoostObjective {
    private enum Link { case identity, logit, log }

    let transform: OutputTransform
    private let link: Link

    init(_ place: ModelPlace) throws(ModelRefused) {
        let name = try place.text()
        switch name {
        case "reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:absoluteerror",
            "reg:quantileerror",
            "reg:pseudohubererror", "reg:expectileerror", "binary:logitraw", "rank:pairwise", "rank:ndcg",
            "rank:map":
            (transform, link) = (.identity, .identity)
        case "reg:logistic", "binary:logistic": (transform, link) = (.sigmoid(steepness: 1), .logit)
        case "binary:hinge": (transform, link) = (.step, .identity)
        case "count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft":
            (transform, link) = (.exponential, .log)
        case "multi:softprob": (transform, link) = (.softmax, .identity)
        case "multi:softmax": (transform, link) = (.largest, .identity)
        default:
            throw place.refused(
                "reg:squarederror, reg:squaredlogerror, reg:absoluteerror, reg:quantileerror, reg:pseudohubererror, "
                    + "reg:expectileerror, reg:logistic, reg:gamma, reg:tweedie, binary:logistic, binary:logitraw, "
                    + "binary:hinge, count:poisson, survival:cox, survival:aft, multi:softprob, multi:softmax, "
                    + "rank:pairwise, rank:ndcg, rank:map")
        }
    }

    /// The raw score of a base score.
    func margin(_ base: Float, _ place: ModelPlace) throws(ModelRefused) -> Float {
        switch link {
        case .identity: return base
        case .logit:
            guard base > 0, base < 1 else {
                throw place.refused("a probability between 0 and 1", found: "\(base)")
            }
            return -Float.log(1 / base - 1)
        case .log:
            guard base > 0 else { throw place.refused("a number above 0", found: "\(base)") }
            return Float.log(base)
        }
    }
}
