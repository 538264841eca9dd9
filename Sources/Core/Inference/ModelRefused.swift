// Why a model is not taken: what was found, where, and what is allowed there. A model that is refused leaves
// nothing behind.

public struct ModelRefused: Error, Equatable, Sendable {
    /// Where, as somebody who has the file open looks for it: `line 12, tree 3, node 5: threshold`.
    public let place: String
    public let found: String
    public let allowed: String

    public init(_ place: String, found: String, allowed: String) {
        self.place = place
        self.found = found
        self.allowed = allowed
    }
}

extension ModelRefused: CustomStringConvertible {
    public var description: String {
        (place.isEmpty ? "" : "\(place): ") + "found \(found); allowed: \(allowed)"
    }
}

extension ModelRefused {
    /// The same, further out: what a reader adds that knows more of where it was.
    func within(_ outer: String) -> ModelRefused {
        ModelRefused(place.isEmpty ? outer : "\(outer), \(place)", found: found, allowed: allowed)
    }
}
