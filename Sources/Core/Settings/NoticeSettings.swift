// Where exchanges and players tell a node of its ads, and for how long it listens.
public import Documents
public import Units

/// Notices: wins, losses, bills, impressions and what comes after.
public struct NoticeSettings: DocumentObject, Equatable {
    /// What makes the money of a reservation spent.
    public enum Billing: String, CaseIterable, Sendable {
        /// The exchange's notice: `burl`.
        case notice
        /// The player's impression: of exchanges that send no notice of what they bill.
        case impression
    }

    public internal(set) var baseURL = ""
    public internal(set) var keyFile = ""
    public internal(set) var keyAge = Interval.seconds(30 * 86_400)
    public internal(set) var lifetime = Interval.seconds(900)
    public internal(set) var adsRemembered = 1 << 20
    public internal(set) var billedBy = Billing.notice
    public internal(set) var priceKeyFile: String?
    public internal(set) var reachGap = Interval.seconds(30)

    package init() {}

    package static let schema = Schema<Self>(
        "notices",
        [
            .required(
                "baseURL", \.baseURL, .baseURL, example: "https://ads.example.com",
                "What stands before `/e/` in the addresses of ads: where players and exchanges reach this node, or a load balancer that leads to it."
            ),
            .required(
                "keyFile", \.keyFile, .absolutePath, example: "/var/lib/paceline/notice-keys",
                "The keys that sign the addresses. Made at the first start; who can read it can make up notices."
            ),
            .defaulted(
                "keyAgeSeconds", \.keyAge, .seconds(3_600...315_360_000),
                "A start makes a new key where the last one is older. Old ones verify for as long again.",
                because: "A month: a key that was copied is worth something for two at the most."),
            .defaulted(
                "lifetimeSeconds", \.lifetime, .seconds(60...691_200),
                "How long after a decision its notices are taken: for `budgets.holdSeconds` and `graceSeconds` from the money that was set aside, for the rest as late bills, outside the budget. Later ones are refused and counted.",
                because:
                    "Six minutes of hold and grace, and nine for bills that are late. What lives longer bills more outside of budgets, and takes more of `adsRemembered`."
            ),
            .defaulted(
                "adsRemembered", \.adsRemembered, .integer(1_024...67_108_864, unit: "ads"),
                "Ads of which a shard remembers what was counted, so that nothing is counted twice. 24 bytes each. Beyond it nothing new is counted.",
                because: "1,165 ads shown each second, each remembered for a quarter of an hour, in 25 MB."),
            .defaulted(
                "billedBy", \.billedBy, .choice,
                "What makes the money spent: the exchange's notice in burl, or the impression that a player reports.",
                because:
                    "OpenRTB's way. Ad tags, where no exchange is asked, are always billed by impression."),
            .defaulted(
                "reachGapSeconds", \.reachGap, .seconds(1...3_600),
                "Between two notices, or questions for `/e/reach`, at most so long may pass: where nobody has come for longer, `baseURL` was out of reach, and what could not be billed meanwhile is kept until the exchange's last bill (`budgets.lastBillSeconds`).",
                because:
                    "Half of the time for which notices are sent again: what failed within it has come by another try."
            ),
            .optional(
                "priceKeyFile", \.priceKeyFile, .absolutePath,
                "The keys of an exchange that seals its prices: two lines in Base64, for encryption and for integrity. With it no price in clear is believed."
            ),
        ])
}

extension Kind where Value == String {
    /// Scheme, host and perhaps a path, without a slash at the end, a query or a fragment.
    fileprivate static var baseURL: Kind {
        let longest = 300
        return .text(
            TextForm(
                name: "https:// or http://, a host and perhaps a path, without a slash at its end",
                pattern: "^https?://[A-Za-z0-9._~:/%\\[\\]-]*[A-Za-z0-9._~%\\]-]$"),
            read: { text in
                let rest = text.hasPrefix("https://") ? text.dropFirst(8) : text.dropFirst(7)
                return (text.hasPrefix("https://") || text.hasPrefix("http://")) && !rest.isEmpty
                    && rest.first != "/" && rest.last != "/" && rest.last != ":"
                    && text.utf8.count <= longest && rest.utf8.allSatisfy(isOfAddress) ? text : nil
            }, show: { $0 })
    }
}

private func isOfAddress(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: "._~:/%[]-".utf8.contains(byte)
    }
}
