// What models may know of a viewer, a household, content, a line item or a creative: names, types, what stands in for
// a value that is not there, who answers for it, and how old it may be. A model package names the schema it was made
// with, and one that does not match is refused.
import Catalog
public import Documents

/// Whom or what a feature is of. Values are read once for a request, or once for each candidate.
public enum FeatureEntity: String, CaseIterable, Sendable {
    case request, user, household, content, lineItem, creative

    /// A request's features come with the request; the others are looked up under a key.
    public var isStored: Bool { self != .request }
    public static let stored = allCases.filter(\.isStored)

    /// How changes and files count them.
    public var number: UInt8 {
        switch self {
        case .request: 0
        case .user: 1
        case .household: 2
        case .content: 3
        case .lineItem: 4
        case .creative: 5
        }
    }

    public init?(number: UInt8) {
        guard let entity = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = entity
    }
}

public struct FeatureSchema: DocumentObject, Equatable {
    public var name = ""
    public var version = 1
    public var features: [Feature] = []

    public init() {}

    /// More than any model here was ever trained on, and few enough that a row of them stays in the first cache.
    public static let mostFeatures = 1_024

    package static let schema = Schema<Self>(
        "feature schema",
        [
            .constant("schema", "paceline/features/1", "What this file is, and how it is read."),
            .required("name", \.name, .featureWord, "What model packages call it."),
            .required(
                "version", \.version, .integer(1...1_000_000),
                "Grows with every change; a package names the version it was made with."),
            .required(
                "features", \.features, .list(of: .object, count: 1...mostFeatures),
                "In the order of a row's columns."),
        ],
        rules: [
            Rule("No two features have one name.") { schema, objections in
                var seen: Set<String> = []
                for (index, feature) in schema.features.enumerated()
                where !seen.insert(feature.name).inserted {
                    objections.refuse(
                        "features[\(index)].name", found: "the name \(feature.name) again",
                        allowed: "each name once")
                }
            }
        ])
}

public struct Feature: DocumentObject, Equatable {
    public enum Kind: String, CaseIterable, Sendable {
        /// A number in single precision: what trainers and readers of models agree on.
        case number
        /// One of `categories`, which models see as its place in that list.
        case category
        /// 0 or 1.
        case flag
    }

    public var name = ""
    public var entity = FeatureEntity.user
    public var kind = Kind.number
    public var categories: [String] = []
    public var standIn: FeatureNumber?
    public var owner = ""
    public var freshSeconds: Int?
    public var keepSeconds: Int?
    public var aggregate: FeatureAggregate?
    /// What it is read from at each decision; nil where it is kept in a profile.
    public var source: FeatureSource?

    public init() {}

    /// Kept in a profile, under the key of whom or what it is of.
    public var isStored: Bool { entity.isStored && source == nil }

    /// Ten years; what is kept for longer is no feature of today.
    static let longestSeconds = 315_360_000
    /// Every place in the list is exact in single precision.
    static let mostCategories = 65_536

    package static let schema = Schema<Self>(
        "feature",
        [
            .required("name", \.name, .featureWord, "What models, logs and commands call it."),
            .required("entity", \.entity, .choice, "Whom or what it is of."),
            .defaulted("type", \.kind, .choice, "A number, one of a list of words, or yes and no."),
            .defaulted(
                "categories", \.categories, .list(of: .words, count: 0...mostCategories),
                "The words that a category can be; models see their place in this list, from 0."),
            .optional(
                "default", \.standIn, .featureNumber,
                "What models are given where there is no value; without it, they are given none (NaN)."),
            .required("owner", \.owner, .words, "Who is asked when it looks wrong."),
            .optional(
                "freshSeconds", \.freshSeconds, .integer(1...longestSeconds, unit: "seconds"),
                "An older value is still given, and is told to be stale."),
            .optional(
                "keepSeconds", \.keepSeconds, .integer(1...longestSeconds, unit: "seconds"),
                "An older value counts as none."),
            .optional(
                "aggregate", \.aggregate, .object,
                "What it is computed of; without it, its values are set from outside."),
            .optional(
                "from", \.source, .choice,
                "What of the request, its content, the viewer's segments or the catalog it is, read at each decision; without it, it is kept in a profile."
            ),
        ],
        rules: [
            Rule("`categories` stand with the type category, each once, and only there.") {
                feature, objections in
                let isCategory = feature.kind == .category
                if isCategory == feature.categories.isEmpty {
                    objections.refuse(
                        "categories", found: "\(feature.categories.count) categories",
                        allowed: isCategory ? "at least one" : "none for a \(feature.kind.rawValue)")
                } else if Set(feature.categories).count < feature.categories.count {
                    objections.refuse("categories", found: "a category twice", allowed: "each once")
                }
            },
            Rule("`freshSeconds` is not more than `keepSeconds`.") { feature, objections in
                if let fresh = feature.freshSeconds, let keep = feature.keepSeconds, fresh > keep {
                    objections.refuse("freshSeconds", found: "\(fresh)", allowed: "at most \(keep)")
                }
            },
            Rule("An aggregate is a number, and its window is the only time that it knows.") {
                feature, objections in
                guard feature.aggregate != nil else { return }
                if feature.kind != .number {
                    objections.refuse("type", found: feature.kind.rawValue, allowed: "number")
                }
                if feature.freshSeconds != nil || feature.keepSeconds != nil {
                    objections.refuse(
                        "aggregate", found: "freshSeconds or keepSeconds beside it", allowed: "its window")
                }
            },
            Rule("What a request has comes with it: no aggregate, no ages.") { feature, objections in
                guard feature.entity == .request else { return }
                if feature.aggregate != nil || feature.freshSeconds != nil || feature.keepSeconds != nil {
                    objections.refuse(
                        "entity", found: "request, with an aggregate or an age", allowed: "neither")
                }
            },
            Rule(
                "`from` stands with every feature of a request, and names what the feature's entity and type have."
            ) {
                feature, objections in
                guard let source = feature.source else {
                    if feature.entity == .request {
                        objections.refuse(
                            "from", found: "nothing",
                            allowed: FeatureSource.names(of: .request).joined(separator: ", "))
                    }
                    return
                }
                if source.entity != feature.entity {
                    let own = FeatureSource.names(of: feature.entity)
                    objections.refuse(
                        "from", found: "\(source.rawValue) of a \(source.entity.rawValue)",
                        allowed: own.isEmpty
                            ? "none for a \(feature.entity.rawValue)" : own.joined(separator: ", "))
                } else if source.kind != feature.kind {
                    objections.refuse(
                        "type", found: feature.kind.rawValue,
                        allowed: "\(source.kind.rawValue), which \(source.rawValue) is")
                }
                if feature.aggregate != nil || feature.freshSeconds != nil || feature.keepSeconds != nil {
                    objections.refuse(
                        "from", found: "an aggregate or an age beside it",
                        allowed: "neither: it is of the moment")
                }
            },
            Rule("`default` is a value that the type has.") { feature, objections in
                guard let value = feature.standIn?.value else { return }
                let isAllowed =
                    switch feature.kind {
                    case .number: true
                    case .flag: value == 0 || value == 1
                    case .category:
                        value >= 0 && value < Float(feature.categories.count) && value == value.rounded()
                    }
                if !isAllowed {
                    objections.refuse(
                        "default", found: "\(value)",
                        allowed: feature.kind == .flag ? "0 or 1" : "the place of a category, from 0")
                }
            },
        ])
}

public struct FeatureAggregate: DocumentObject, Equatable {
    public enum Function: String, CaseIterable, Sendable { case count, sum, mean, last, distinct }

    public var event = ""
    public var function = Function.count
    public var windowMinutes = 0

    public init() {}

    /// Thirteen months, so that a year can be compared with itself.
    static let longestMinutes = 571_680

    package static let schema = Schema<Self>(
        "aggregate",
        [
            .required("event", \.event, .featureWord, "The events that it is computed of."),
            .defaulted(
                "function", \.function, .choice,
                "count of events; sum, mean and last of their values; distinct, about how many different items."
            ),
            .required(
                "windowMinutes", \.windowMinutes, .integer(1...longestMinutes, unit: "minutes"),
                "Events older than that are not in it."),
        ])
}
