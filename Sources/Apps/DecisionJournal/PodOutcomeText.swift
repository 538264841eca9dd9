// What became of an ad that competed in a pod, in words.
public import Auction

extension PodOutcome {
    /// For people, behind the name of the ad.
    public var sentence: String {
        switch self {
        case .placed(let position): "stands at position \(position + 1)"
        case .excluded(.advertiserBlocked): "its advertiser is blocked"
        case .excluded(.categoryBlocked): "its category is blocked"
        case .excluded(.seenEarlier): "seen in an earlier break"
        case .excluded(.withdrawn): "its budget could not put the price aside"
        case .excluded(.worthless): "worth nothing"
        case .excluded(.refused): "no impression that takes its duration may hold it"
        case .excluded(.duration): "no impression takes its duration"
        case .excluded(.belowFloor): "its price is below the floor"
        case .conflict(let reason, let position): "\(reason.words) the ad at position \(position + 1)"
        case .noSlot: "the slots hold ads that are worth more together"
        case .noTime: "too long for the time that is left"
        case .noOrder: "may stand beside nobody it would have to, or was not tried within the steps"
        }
    }
}

extension PodConflict {
    fileprivate var words: String {
        switch self {
        case .advertiser: "has the advertiser of"
        case .creative: "has the creative of"
        case .mediaFile: "has the media file of"
        case .category: "has a category of"
        case .avoidedCategory: "is kept apart from"
        }
    }
}
