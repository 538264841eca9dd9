// `/e/win` and its kin: what exchanges and players tell of an ad. Verified and answered at once; the shard whose ad
// it is counts it. What is answered is written down in docs/serving.md.
import Catalog
import Decision
import HTTP
import Kernel
import Notices
import Telemetry
import Units

/// One for each shard.
final class NoticeRoute {
    private let notices: NodeNotices
    private let own: ShardNotices
    private let decisions: ShardDecisions
    private let journals: Journals
    private var metrics: NoticeMetrics { own.metrics }

    init(
        _ notices: NodeNotices, _ own: ShardNotices, _ decisions: ShardDecisions, _ journals: Journals
    ) {
        self.journals = journals
        self.notices = notices
        self.own = own
        self.decisions = decisions
    }

    /// What probes ask for, from where exchanges and players come, and by the address that they have.
    private static let probePath: StaticString = "/e/reach"

    func add(to router: inout Router) {
        router.add(.get, Self.probePath) { [self] _, response in
            response.header("cache-control", "no-store")
            guard noteReached() else { return response.refuseForNow() }
            response.status = .noContent
        }
        for event in NoticeEvent.allCases {
            for method in [Method.get, .post] {
                router.add(method, event.path, changes: true) { [self] request, response in
                    respond(to: event, request, &response)
                }
            }
        }
    }

    private func respond(
        to event: NoticeEvent, _ request: borrowing Request, _ response: inout Response
    ) {
        response.allowNotices()
        let query = request.query
        let form = query.text(of: "f")
        // A player tells of a click and opens the page itself; others want to be led there.
        let leads = event == .click && !form.equals("none")
        let notice: Notice
        do throws(NoticeRefusal) {
            let opened = try notices.keys.open(query.text(of: "t"))
            guard opened.sender == event.sender else { throw .wrongEvent }
            notice = opened.notice
        } catch { return refuse(event, error, &response) }

        // Who clicks wants the page, however late.
        if leads { lead(to: notice, &response) }
        let now = Kernel.wallNow()
        guard now <= notice.expires else {
            noteReached()
            return leads ? metrics.count(event, .stale) : refuse(event, .stale, &response)
        }
        let price = query.text(of: "p").withoutEscapedPadding
        let isPicture = form.equals("gif")
        var taken = TakenNotice(
            event: event, notice: notice,
            price: NoticePrice(price, of: notice, from: event.sender, notices.seal),
            minimum: NoticePrice.minimum(
                query.text(of: "m").withoutEscapedPadding, of: notice, from: event.sender, notices.seal),
            reason: query.text(of: event == .error ? "c" : "r").number)
        if taken.isBill {
            taken.answer = BillAnswer(shard: own.shard, place: request.place, isPicture: isPicture)
        }
        switch hand(taken, at: now) {
        case .told:
            noteReached()
            if !leads { response.take(isPicture: isPicture) }
        case .held: response.isHeld = true
        case .refused:
            metrics.count(event, own.refusal(of: taken))
            if !leads { response.refuseForNow() }
        }
    }

    /// Whoever has a token of ours, or asks, came by the address. It is proof only while bills that come by it are taken; false while
    /// they are not. A bill that waits for the disk is proof when it has been taken.
    @discardableResult
    private func noteReached() -> Bool {
        guard journals.areWell, decisions.money.takesBills else { return false }
        decisions.money.noteReached()
        return true
    }

    /// Refused where the shard that it is for has too many waiting, or cannot write it down.
    private func hand(_ taken: TakenNotice, at now: Instant) -> ShardNotices.Taken {
        let owner = notices.owner(of: taken.notice)
        guard owner == own.shard else {
            guard notices.inboxes[owner].put(taken) else { return .refused }
            return taken.answer == nil ? .told : .held
        }
        return own.take(taken, at: now)
    }

    /// To the page of the creative's own, and nowhere else: the address says which creative, not which page.
    private func lead(to notice: Notice, _ response: inout Response) {
        let (places, snapshot) = (decisions.serving.places, decisions.serving.snapshot)
        if let page = places.page(notice) {
            response.status = .found
            response.header("location", snapshot.bytes(page))
        } else {
            metrics.clicksWithoutPage.add()
            response.status = .notFound
        }
    }

    private func refuse(_ event: NoticeEvent, _ refusal: NoticeRefusal, _ response: inout Response) {
        metrics.count(event, NoticeOutcome(refusal))
        switch refusal {
        case .malformed: response.status = .badRequest
        case .foreign, .forged, .wrongEvent: response.status = .forbidden
        case .stale: response.status = .gone
        }
        switch refusal {
        case .malformed: response.write("Not a token.\n")
        case .foreign: response.write("Signed with a key that is not this node's.\n")
        case .forged: response.write("Not what was signed.\n")
        case .wrongEvent: response.write("The token is not for this event.\n")
        case .stale: response.write("The token has expired.\n")
        }
    }
}

/// A GIF of one transparent pixel.
private let pixel: [UInt8] = [
    0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0x21, 0xF9, 4, 1, 0, 0, 0,
    0,
    0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B,
]

extension Response {
    /// Pages tell from wherever they are, and nothing of it may be kept and told again.
    mutating func allowNotices() {
        header("access-control-allow-origin", "*")
        header("cache-control", "no-store")
    }

    mutating func take(isPicture: Bool) {
        guard isPicture else { return status = .noContent }
        contentType = "image/gif"
        write(pixel.span.bytes)
    }

    /// Whoever told is to tell it again.
    mutating func refuseForNow() {
        status = .serviceUnavailable
        header("retry-after", "1")
    }
}
