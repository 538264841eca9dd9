// What exchanges and players tell of an ad after it was decided, and which of the two may tell it.

/// Who tells. An ad's address for exchanges is not in its markup, so that whoever watches an ad can neither bill
/// nor release it.
public enum NoticeSender: UInt8, CaseIterable, Sendable { case exchange, player }

public enum NoticeEvent: UInt8, CaseIterable, Sendable {
    /// The auction was won, was lost, or is billed.
    case win, loss, bill
    /// The ad was shown, and how far it came.
    case imp, start, q1, mid, q3, complete
    case click
    /// The player could not show it.
    case error

    public static let count = allCases.count

    public var sender: NoticeSender {
        switch self {
        case .win, .loss, .bill: .exchange
        case .imp, .start, .q1, .mid, .q3, .complete, .click, .error: .player
        }
    }

    /// Of its address, behind the base.
    public var path: StaticString {
        switch self {
        case .win: "/e/win"
        case .loss: "/e/loss"
        case .bill: "/e/bill"
        case .imp: "/e/imp"
        case .start: "/e/start"
        case .q1: "/e/q1"
        case .mid: "/e/mid"
        case .q3: "/e/q3"
        case .complete: "/e/complete"
        case .click: "/e/click"
        case .error: "/e/error"
        }
    }

    public var name: String { "\(self)" }

    /// Its bit in a set of events.
    var bit: UInt16 { 1 << UInt16(rawValue) }
}
