// Values of OpenRTB 2.6, and of the lists of 3.0 that it points to, by which the two sides of an auction
// speak of its outcome.

public enum AuctionType {
    public static let firstPrice: Int32 = 1
    public static let secondPricePlus: Int32 = 2
    /// Of a deal only: its floor is the price agreed.
    public static let fixedPrice: Int32 = 3
}

/// What a bid's markup is.
public enum MarkupType {
    public static let banner: Int32 = 1
    public static let video: Int32 = 2
    public static let audio: Int32 = 3
    public static let native: Int32 = 4
}

/// Why a bid was lost: values of OpenRTB 3.0's list, which 2.6 points to.
public enum LossReason {
    /// Whether a higher bid might have won: it was below a floor or another bid. All else says nothing of prices.
    public static func isByPrice(_ reason: UInt32) -> Bool {
        // Below the floor, below the deal's floor, below another bid, below a bid on a deal.
        (100...103).contains(reason)
    }
}

/// Why nothing was bid; from 500 up a bidder's own.
public enum NoBidReason {
    public static let unknownError: Int32 = 0
    public static let technicalError: Int32 = 1
    public static let invalidRequest: Int32 = 2
    public static let webCrawler: Int32 = 3
    public static let nonHumanTraffic: Int32 = 4
    public static let proxyAddress: Int32 = 5
    public static let unsupportedDevice: Int32 = 6
    public static let blockedPublisher: Int32 = 7
    public static let unmatchedUser: Int32 = 8
    public static let dailyUserCap: Int32 = 9
    public static let dailyDomainCap: Int32 = 10
    public static let sellerAuthorizationUnavailable: Int32 = 11
    public static let sellerAuthorizationViolated: Int32 = 12
    public static let signatureUnavailable: Int32 = 13
    public static let signatureViolated: Int32 = 14
    public static let insufficientTime: Int32 = 15
    public static let incompleteSupplyChain: Int32 = 16
    public static let blockedSupplyChainNode: Int32 = 17
}
