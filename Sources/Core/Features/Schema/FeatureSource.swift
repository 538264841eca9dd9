// What a feature can be read from while a request is decided: the request itself, the content around it, the viewer's
// segments, and what the catalog says of a line item or a creative. Everything else that models know is in profiles.

public enum FeatureSource: String, CaseIterable, Sendable {
    // The request: hours and days are the viewer's own where the request says the offset from UTC, else UTC's.
    case hour, weekday, deviceType, connectionType, os, make, deviceLanguage
    case country, region, metro, city, postalCode
    case publisher, inventory, isApp, isSite, slots, breakSeconds, breakAds, isFirstPrice
    // The viewer: the first of his segments that is one of the categories.
    case segment
    // The content.
    case genre, rating, contentLanguage, isLive, contentSeconds, network, channel, series
    // The catalog's words and numbers.
    case goal, priority, goalValue, campaign, advertiser
    case format, seconds, creativeLanguage, creativeCategory

    public var entity: FeatureEntity {
        switch self {
        case .hour, .weekday, .deviceType, .connectionType, .os, .make, .deviceLanguage, .country, .region,
            .metro, .city, .postalCode, .publisher, .inventory, .isApp, .isSite, .slots, .breakSeconds,
            .breakAds, .isFirstPrice:
            .request
        case .segment: .user
        case .genre, .rating, .contentLanguage, .isLive, .contentSeconds, .network, .channel, .series:
            .content
        case .goal, .priority, .goalValue, .campaign, .advertiser: .lineItem
        case .format, .seconds, .creativeLanguage, .creativeCategory: .creative
        }
    }

    public var kind: Feature.Kind {
        switch self {
        case .hour, .weekday, .deviceType, .connectionType, .slots, .breakSeconds, .breakAds,
            .contentSeconds, .priority, .goalValue, .seconds:
            .number
        case .isApp, .isSite, .isFirstPrice, .isLive: .flag
        case .os, .make, .deviceLanguage, .country, .region, .metro, .city, .postalCode, .publisher,
            .inventory, .segment, .genre, .rating, .contentLanguage, .network, .channel, .series, .goal,
            .campaign, .advertiser, .format, .creativeLanguage, .creativeCategory:
            .category
        }
    }

    static func names(of entity: FeatureEntity) -> [String] {
        allCases.filter { $0.entity == entity }.map(\.rawValue)
    }
}
