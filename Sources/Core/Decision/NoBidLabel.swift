// What metrics and answers' heads call a reason not to bid.

extension NoBid {
    public var label: StaticString {
        switch self {
        case .insufficientTime: "insufficient_time"
        case .seatNotAllowed: "seat_not_allowed"
        case .noCurrency: "no_currency"
        case .noSlot: "no_slot"
        case .tooManyValues: "too_many_values"
        case .nothingTargeted: "nothing_targeted"
        case .noCreativeFits: "no_creative_fits"
        case .noDeal: "no_deal"
        case .belowFloor: "below_floor"
        case .podNotFilled: "pod_not_filled"
        case .answerTooLarge: "answer_too_large"
        case .noBudget: "no_budget"
        case .capped: "capped"
        case .noMoneyYet: "no_money_yet"
        }
    }

    /// Its place among all reasons.
    public var place: Int {
        switch self {
        case .insufficientTime: 0
        case .noMoneyYet: 13
        default: Int(rawValue) - 499
        }
    }
}
