// What is published: each kind is a series of publications of its own, with one address and one way to follow it.

public enum PublicationKind: String, CaseIterable, Sendable {
    case catalog, models

    /// Where it is asked for.
    public var address: String { "/v1/\(rawValue)" }

    /// As sentences have it.
    public var noun: String {
        switch self {
        case .catalog: "catalog"
        case .models: "set of models"
        }
    }

    /// What its metrics' names begin with.
    var metrics: String {
        switch self {
        case .catalog: "paceline_catalog"
        case .models: "paceline_model"
        }
    }
}
