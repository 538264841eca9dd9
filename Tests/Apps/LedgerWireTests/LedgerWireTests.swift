// The ledger's protocol from both sides: what one says as bytes the other takes as the same, and answers likewise.
import Documents
import HTTP
import Ledger
import Serving
import Testing
import Units

@testable import LedgerWire

/// Numbers that are known beforehand, and nobody who answers.
final class NoIssuer: MoneyIssuer {
    func ask(_ commands: [RootCommand], _ done: @escaping (IssuerOutcome) -> Void) -> Bool { false }
    func candidate(_ holder: HolderNumber) -> LedgerSession { LedgerSession(900) }
    func nonce() -> UInt64 { 77 }
    var epoch: Epoch { Epoch(1) }
    var takesMessages: Bool { false }
    func auditCall(for holder: HolderNumber) -> AuditCall? { nil }
    func decline(_ response: inout Response) { response.status = .serviceUnavailable }
}

@Suite struct LedgerWireTests {
    private static let holder = HolderNumber(2)
    private static let session = LedgerSession(1 << 62 | 5)
    private static let key = LeafKey(root: session, node: LedgerSession(9))
    private static let account = AccountIndex(3)
    private static let block = SettlementBlock(
        account: account, shard: 1, number: 4, mask: .max, paid: Micros(1_500_001), late: Micros(1))
    private static let closing = Closing(account: account, drawn: Micros(9), freed: Micros(2))
    private static let claim = Claim(
        key: ReservationKey(session: key.node, shard: 1, sequence: UInt64.max), account: account,
        currency: .usd,
        reserved: Micros(40_000), amount: Micros(41_000))
    private static let request = RenewalChain.Request(
        id: 6, nonce: UInt64.max, sentAt: Instant(nanoseconds: 0))

    /// Of a session by its number, with how it is renewed; and of one that only its start is known of.
    private static let presentations: [HolderPresentation] = [
        HolderPresentation(
            mark: 1_795_000_000, session: session, start: 0,
            sums: [
                .init(
                    AccountName(campaign: "a", day: BudgetDay(date: "2026-11-28")), number: account,
                    currency: .usd, granted: Micros(2_500_000), returned: Micros(1)),
                .init(
                    AccountName(campaign: "b"), number: AccountIndex(4), currency: .usd, granted: Micros(3),
                    returned: .zero),
            ], nodes: [LedgerSession(9), LedgerSession(1 << 62)], renewal: request),
        HolderPresentation(mark: 3, session: nil, start: 77, sums: [], nodes: [], renewal: nil),
    ]

    private static func asTaken(_ said: HolderPresentation) -> RootCommand {
        var said = said
        said.candidate = LedgerSession(900)
        return .present(said, holder)
    }

    private static let sayings: [(IssuerSaying, RootCommand)] = [
        (
            .find(AccountName(campaign: "a\"b", day: BudgetDay(date: "2026-11-28")), .usd),
            .find(AccountName(campaign: "a\"b", day: BudgetDay(date: "2026-11-28")), .usd)
        ),
        (.find(AccountName(campaign: "a"), nil), .find(AccountName(campaign: "a"), nil)),
        (.open(start: 12), .open(start: 12, holder, candidate: LedgerSession(900))),
        (.register(key), .book(.leafRegistered(key), by: holder)),
        (.renew(session, request), .book(.renewalAsked(session, request, next: 77), by: holder)),
        (
            .request(session, account, upTo: Micros(12)),
            .book(.requested(session, account, upTo: Micros(12)), by: holder)
        ),
        (
            .giveBack(session, account, Micros(12)),
            .book(.returned(session, account, Micros(12)), by: holder)
        ),
        (.settle(key, block), .book(.settled(key, block), by: holder)),
        (.claim(key, claim), .book(.claimed(key, claim), by: holder)),
        (.close(key, closing), .book(.closed(key, closing), by: holder)),
        (.end(key, [account]), .book(.ended(key, accounts: [account]), by: holder)),
        (.end(key, []), .book(.ended(key, accounts: []), by: holder)),
        (.look, .look),
        (.present(presentations[0]), asTaken(presentations[0])),
        (.present(presentations[1]), asTaken(presentations[1])),
        (.presented(mark: 3), .presented(mark: 3, holder)),
    ]

    @Test func whatIsSaidIsTakenAsTheSame() throws {
        let messages = HolderMessages(holder: Self.holder, issuer: NoIssuer())
        let body = IssuerWire.body(Self.sayings.map(\.0), from: "node-1")
        let fields = try Fields(try JSONTree(reading: body), at: "")
        guard case .array(let list) = try fields.tree("messages", "").content else {
            Issue.record("no list")
            return
        }
        #expect(list.count == Self.sayings.count)
        for (tree, expected) in zip(list, Self.sayings.map(\.1)) {
            #expect(try messages.command(tree, at: "messages") == expected)
        }
    }

    private static let answers: [(RootAnswer, IssuerWord)] = [
        (.opened(session, epoch: Epoch(4)), .opened(session)),
        (.found(account, .usd, highest: Micros(50)), .found(account, .usd, highest: Micros(50))),
        (.notFound(.otherCurrency), .refused(.otherCurrency)),
        (
            .leased(session, request: 6, .milliseconds(1_500), next: 8),
            .leased(session, request: 6, .milliseconds(1_500), next: 8)
        ),
        (.taken, .taken),
        (.refused(.elsewhere, session), .refused(.elsewhere)),
        (.book([.registered(key)]), .registered(key)),
        (
            .book([.grant(session, account, upTo: Micros(7), isLast: true)]),
            .granted(session, account, upTo: Micros(7), isLast: true)
        ),
        (
            .book([.acknowledgeReturn(session, account, Micros(7))]), .returned(session, account, Micros(7))
        ),
        (.book([.acknowledgeBlock(key, block)]), .settled),
        (.book([.acknowledgeClaim(key, claim.key)]), .claimed),
        (.book([.forwardClaim(key, claim)]), .forward(key, claim)),
        (.book([.acknowledgeClosing(key, closing)]), .closed),
        (.book([.acknowledgeEnd(key)]), .closed),
        (.book([.refuse(.beforeTheFence, session)]), .refused(.beforeTheFence)),
        (.presented(mark: 3), .presented),
        (.refused(.audited, session), .refused(.audited)),
    ]

    /// One that knows of no audits leaves the word out, and then nothing of them is said to it.
    @Test func anAuditIsToldBesideTheAnswers() throws {
        for call in [AuditCall(mark: .max, isAsked: true), AuditCall(mark: 0, isAsked: false), nil] {
            var members: [JSONTree.Member] = [
                .init("version", .number(HolderMessages.version)), .init("answers", []),
            ]
            if let call { members.append(.init("audit", PresentationWire.tree(call))) }
            let heard = try IssuerWire.words(Array(JSONTree.object(members).line.utf8))
            #expect(heard.audit == call && heard.answers.isEmpty)
        }
    }

    @Test func whatIsAnsweredIsHeardAsTheSame() throws {
        let messages = HolderMessages(holder: Self.holder, issuer: NoIssuer())
        let tree: JSONTree = [
            "version": .number(HolderMessages.version),
            "answers": .array(Self.answers.map { messages.tree($0.0) }),
        ]
        let words = try IssuerWire.words(Array(tree.line.utf8))
        #expect(words.answers == Self.answers.map { [$0.1] })
    }

    /// The answer is the last word, as it is for a version that does not know the others.
    @Test func whatAHolderIsToTakeInComesBeforeTheAnswer() throws {
        let messages = HolderMessages(holder: Self.holder, issuer: NoIssuer())
        let answer = RootAnswer.leased(Self.session, request: 6, .milliseconds(1_500), next: 8)
        let tree: JSONTree = [
            "version": .number(HolderMessages.version),
            "answers": .array([messages.tree(.telling(answer, [.forwardClaim(Self.key, Self.claim)]))]),
        ]
        let words = try IssuerWire.words(Array(tree.line.utf8))
        #expect(
            words.answers == [
                [
                    .forward(Self.key, Self.claim),
                    .leased(Self.session, request: 6, .milliseconds(1_500), next: 8),
                ]
            ])
    }
}
