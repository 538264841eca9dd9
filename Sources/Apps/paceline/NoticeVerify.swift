// `paceline notice verify`: what a token in an address says, and whether a node with these keys would take it.
import Commands
import Documents
import Kernel
import Ledger
import Notices
import Units

enum NoticeVerify {
    static let tokens = Parameter.arguments(
        "TOKEN", WordKind.text, atLeastOne: true, "What follows t= in an address.")
    static let keys = Parameter.requiredOption(
        "keys", WordKind.file, "The node's key file, its `notices.keyFile`.")
    static let event = Parameter.option(
        "event", .choice("EVENT"), default: NoticeEventName.any,
        "The event that it came for: exchanges and players have tokens of their own.")
    static let time = Parameter.option(
        "at", WordKind.instant, "When it came, as in 2026-11-20T18:00:00Z; without it, now.")
    static let json = Parameter.json

    private static let sample =
        "paceline notice verify --keys Examples/notice-keys --at 2026-11-21T01:40:00Z"
    private static let token =
        "Ac82NG4Y6etDHwrwAAAAAAASZwAAAAAADGsBEDifLE0RwHvjpQm9weZBqNNwjCbS"
        + "DwBMiIHoFByeRjJmyUKg2Y4Y9yR8M55KH_jfp_FiMDMMFnwcPPdBS6DmN_UeUxGt"

    static let command = Command(
        "verify", "Shows what a token says, and why it would not be taken.",
        discussion: """
            Campaign, line item and creative are in a token by a hash of their ids: they are shown as it has them. \
            Prices are for a thousand impressions, in the currency of the answer; what is reserved is for one, in \
            the campaign's. Exits with 1 where a token is refused: malformed, foreign (signed with other keys), \
            forged, stale, or not for the event.
            """,
        parameters: [tokens, keys, event, time, json],
        examples: [
            Example(
                "\(sample) \(token)", "What the token of an impression says.",
                prints: "Ac82NG4Y6etDHwrw…: taken"),
            Example(
                "\(sample) --event bill \(token)", "A player cannot bill.", outcome: .failed,

                prints:
                    "Ac82NG4Y6etDHwrw…: refused, not a token of who tells of this event"
            ),
            Example("\(sample) --json \(token)", "The same for programs."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let keys = try NoticeKeyFile.read(call[keys])
        let now = call[time] ?? Kernel.wallNow()
        var outcome = Outcome.ok
        for token in call[tokens] {
            let refusal: NoticeRefusal?
            var opened: (notice: Notice, sender: NoticeSender)?
            do throws(NoticeRefusal) {
                let found = try keys.open(token.utf8Span.span.bytes)
                opened = found
                refusal = reason(found, call[event], now)
            } catch { refusal = error }
            if refusal != nil { outcome = .failed }
            print(token, opened, refusal, call, &output)
        }
        return outcome
    }

    private static func reason(
        _ opened: (notice: Notice, sender: NoticeSender), _ name: NoticeEventName, _ now: Instant
    ) -> NoticeRefusal? {
        if let event = name.event, event.sender != opened.sender { return .wrongEvent }
        return now > opened.notice.expires ? .stale : nil
    }

    private static func print(
        _ token: String, _ opened: (notice: Notice, sender: NoticeSender)?, _ refusal: NoticeRefusal?,
        _ call: Invocation, _ output: inout Output
    ) {
        let members = opened.map { fields($0.notice, $0.sender) } ?? []
        if call[json] {
            output.print(
                JSONTree.object(
                    [
                        .init("token", .string(token)), .init("valid", .bool(refusal == nil)),
                        .init("refusal", refusal.map { .string("\($0)") } ?? .null),
                    ] + members.map { .init($0.name, .string($0.value)) }))
            return
        }
        output.print(
            "\(token.prefix(16))…: \(refusal.map { "refused, \($0.sentence)" } ?? "taken")")
        let width = members.map { $0.name.utf8.count }.max() ?? 0
        for (name, value) in members {
            let space = String(repeating: " ", count: width - name.utf8.count)
            output.print("  \(name)\(space)  \(value)")
        }
    }

    private static func fields(
        _ notice: Notice, _ sender: NoticeSender
    ) -> [(name: String, value: String)] {
        let account = TokenAccount(window: notice.window)
        return [
            ("sender", "\(sender)"), ("decision", hexadecimal(notice.decision)), ("ad", "\(notice.ad)"),
            ("session", "\(notice.session)"), ("shard", "\(notice.shard)"),
            ("sequence", "\(notice.sequence)"), ("mark", "\(notice.mark)"),
            ("window", "\(account.own.rawValue)"),
            // The issuer's number of it, where that is on another machine.
            ("account", account.issuers.map { "\($0.rawValue)" } ?? "none"),
            ("expires", TimeText.utc(notice.expires)),
            ("highest", "\(notice.highest)"), ("reserved", "\(notice.reserved)"),
            ("billedBy", notice.isBilledByImpression ? "impression" : "notice"),
            ("test", notice.isTest ? "yes: nothing is billed" : "no"),
            ("campaign", hexadecimal(notice.campaign.rawValue)),
            ("lineItem", hexadecimal(notice.lineItem.rawValue)),
            ("creative", hexadecimal(notice.creative.rawValue)),
            // Whose they are is nobody's business; whether there are any is.
            ("viewer", notice.viewer == 0 ? "not counted" : "counted"),
            ("household", notice.household == 0 ? "not counted" : "counted"),
        ]
    }
}

/// An event, or none in particular.
enum NoticeEventName: String, CaseIterable, Sendable {
    case any, win, loss, bill, imp, start, q1, mid, q3, complete, click, error

    var event: NoticeEvent? { NoticeEvent.allCases.first { $0.name == rawValue } }
}
