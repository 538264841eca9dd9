// What the published controllers tell a region: for each campaign the share of auctions and the factor of its bids.
internal import Pacing

struct ThrottleTable {
    /// Of all draws, those below this compete.
    var thresholds: [UInt32]
    /// What a unit of money must bring: the reciprocal of a bid's factor.
    var prices: [Double]

    init(campaigns: Int) {
        thresholds = Array(repeating: .max, count: campaigns)
        prices = Array(repeating: 1, count: campaigns)
    }

    mutating func set(_ campaign: Int, _ signal: PacingSignal) {
        let share = min(max(signal.share, 0), 1)
        thresholds[campaign] = signal.bid <= 0 ? 0 : share >= 1 ? .max : UInt32(share * Double(UInt32.max))
        prices[campaign] = signal.bid > 0 ? 1 / signal.bid : .infinity
    }
}
