// What a line item can be chosen by. The order is the order in which an explanation names the filters that
// took a line item: the cheap and coarse ones first.

public enum Dimension: UInt8, CaseIterable, Sendable {
    /// Line items that can never be shown: paused, or without an approved creative.
    case status
    case format
    /// What the request and the publisher refuse: advertisers by domain, ads by content category.
    case blockedAdvertiser, blockedCategory
    case deal, publisher, inventory, network, channel
    case country, region, metro, city, postalCode, radius
    case deviceType, os
    case genre, rating, language, livestream
    case audience, custom
    case daypart
    /// The flight of the line item, within its campaign's.
    case flight

    /// As it is written in a catalog's files.
    public var name: String { Self.names[Int(rawValue)] }

    private static let names = allCases.map { "\($0)" }

    /// A request has at most one value of it, so that "one of these and one of those" is one of both.
    public var isSingle: Bool {
        switch self {
        case .publisher, .inventory, .network, .channel, .country, .region, .metro, .city, .postalCode,
            .deviceType, .os, .rating, .livestream, .daypart, .status, .flight:
            true
        case .format, .blockedAdvertiser, .blockedCategory, .deal, .radius, .genre, .language, .audience,
            .custom:
            false
        }
    }

    /// Values are written by people in any case: `Roku` and `ROKU` are one. Identifiers are what they are.
    public var ignoresCase: Bool {
        switch self {
        case .publisher, .inventory, .deal, .audience, .custom: false
        default: true
        }
    }

    /// How many are distinguished; where an index keeps a table by dimension.
    public static let count = allCases.count
}
