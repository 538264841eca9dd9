// What a follower asks: the query of `GET /v1/catalog` and `GET /v1/models`.
public import Serving
public import Units

public struct PublicationQuestion: Equatable, Sendable {
    /// The version that is known; nil where none is, and the answer does not wait.
    public let have: Int64?
    /// How long the answer may wait for another version.
    public let wait: Interval

    /// Below what connections without a word are cut after by whatever is in between.
    public static let longestWait = Interval.seconds(25)

    public init(have: Int64?, wait: Interval) { (self.have, self.wait) = (have, wait) }

    /// - Parameter query: without the question mark.
    public init(query: String) throws(Malformed) {
        var values: [Substring: Int64] = [:]
        for part in query.split(separator: "&") {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, let value = Int64(halves[1]), value >= 0 else {
                throw Malformed(place: String(halves[0]), allowed: "a whole number, not below 0")
            }
            values[halves[0]] = value
        }
        let wait = values["wait"] ?? 0
        guard wait <= Self.longestWait.wholeMilliseconds / 1_000 else {
            throw Malformed(place: "wait", allowed: "seconds, at most 25")
        }
        self.init(have: values["have"], wait: .seconds(wait))
    }

    public func target(_ kind: PublicationKind) -> String {
        guard let have else { return kind.address }
        return "\(kind.address)?have=\(have)&wait=\(wait.wholeMilliseconds / 1_000)"
    }
}
