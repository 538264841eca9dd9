// The addresses of an ad's notices: one token for the exchange, one for players, the event in the path.
internal import Catalog
internal import Notices
internal import OpenRTB
internal import Units

/// What is written behind a token. What the exchange or the player knows, it fills in itself.
enum NoticeTail {
    static let price: StaticString = "&p=${AUCTION_PRICE}"
    static let win: StaticString = "&p=${AUCTION_PRICE}&m=${AUCTION_MIN_TO_WIN}"
    static let loss: StaticString = "&r=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}"
    static let error: StaticString = "&c=[ERRORCODE]"
    /// A player tells of a click and opens the page itself: it wants no redirect.
    static let quiet: StaticString = "&f=none"
    static let nothing: StaticString = ""
}

struct NoticeWriting: ~Copyable {
    /// A token, and the longest path and tail around it.
    private static let bytesBehindBase = 256

    private let addresses: NoticeAddresses?
    private let base: [UInt8]
    private let room = DecisionBytes(NoticeAddresses.longestBase + Self.bytesBehindBase)
    /// The player's token and behind it the exchange's.
    private var tokens = DecisionBytes(2 * Self.tokenBytes)
    /// What is told of the answer's ads bills nothing, and counts for nobody.
    private var isTest = false
    /// By the ads' numbers, whom their tokens named when they were made first; none where the viewer is known.
    private var recalled: [SealedViewer] = []

    init(_ addresses: NoticeAddresses?) {
        self.addresses = addresses
        base = addresses.map { Array($0.base.utf8) } ?? []
    }

    /// Whether the ad at hand has addresses.
    private(set) var isSigned = false
    /// Whether its impression is what is billed.
    private(set) var isBilledByImpression = false
    /// Whom its tokens name.
    private(set) var sealedViewer = SealedViewer(user: 0, household: 0)

    static let tokenBytes = NoticeToken.characters

    /// What all addresses for this sender have in common that no other ad's have; nil where the ad has none.
    @_lifetime(borrow self)
    func token(for sender: NoticeSender) -> RawSpan? {
        guard isSigned else { return nil }
        let start = sender == .player ? 0 : Self.tokenBytes
        return tokens.first(start + Self.tokenBytes).extracting(start..<start + Self.tokenBytes)
    }

    /// The exchange puts the price into the markup, where nobody but a player tells it.
    private(set) var asksPriceOfPlayers = false

    var tailOfImpression: StaticString { asksPriceOfPlayers ? NoticeTail.price : NoticeTail.nothing }

    /// Another answer.
    mutating func begin(isTest: Bool, recalled: [SealedViewer]) {
        isSigned = false
        self.isTest = isTest
        self.recalled = recalled
    }

    /// Makes the tokens of an ad. False where they cannot be made: such an ad must not be bid, as nobody could
    /// settle it.
    mutating func sign(
        _ win: Win, number: Int, decision: UInt64, at now: Instant, _ viewer: ViewerKeys,
        _ format: AnswerFormat, _ snapshot: CatalogSnapshot
    ) -> Bool {
        isSigned = false
        guard let addresses, let key = addresses.key else { return true }
        var notice = Notice()
        let (reservation, candidate) = (win.reservation, win.candidate)
        notice.session = reservation.session
        notice.shard = addresses.shard
        notice.sequence = reservation.sequence
        notice.mark = UInt32(truncatingIfNeeded: reservation.mark)
        notice.window = reservation.window
        notice.decision = decision
        notice.ad = UInt8(truncatingIfNeeded: number)
        notice.expires = now + addresses.lifetime
        notice.campaign = IDHash(of: snapshot.bytes(snapshot.campaignID(candidate.campaign)))
        notice.lineItem = IDHash(of: snapshot.bytes(snapshot.lineItemID(candidate.lineItem)))
        notice.creative = IDHash(of: snapshot.bytes(snapshot.creativeID(candidate.creative)))
        notice.highest = win.sale.price
        notice.reserved = win.cost
        notice.isTest = isTest
        if !isTest { notice.name(viewer, candidate.lineItem, snapshot) }
        // Where no exchange is asked, nobody bills but what was shown.
        notice.isBilledByImpression = addresses.isBilledByImpression || format == .vast
        let viewer = number < recalled.count ? recalled[number] : nil
        guard let made = key.sign(notice, viewer: viewer) else { return false }
        sealedViewer = made.sealedViewer
        isBilledByImpression = notice.isBilledByImpression
        asksPriceOfPlayers = notice.isBilledByImpression && format == .openrtb
        let (player, exchange) = made.tokens
        tokens.copy(player.utf8.span.raw, to: 0)
        tokens.copy(exchange.utf8.span.raw, to: Self.tokenBytes)
        isSigned = true
        return true
    }

    /// The address of an event of the ad at hand, which has tokens; in this memory until the next one.
    @_lifetime(borrow self)
    func address(_ event: NoticeEvent, _ tail: StaticString = NoticeTail.nothing) -> UTF8Span {
        guard let token = token(for: event.sender) else { preconditionFailure("the ad has no tokens") }
        var writer = unsafe ByteWriter(room.writable())
        writer.put(base.span.raw)
        writer.put(event.path)
        writer.put("?t=")
        writer.put(token)
        writer.put(tail)
        precondition(writer.fits, "an address fits its memory")
        return room.text(writer.count)
    }
}

extension Notice {
    /// Whom the ad is shown to, as far as anybody counts.
    fileprivate mutating func name(_ viewer: ViewerKeys, _ lineItem: Int, _ snapshot: CatalogSnapshot) {
        self.viewer = viewer.user ?? 0
        // Whom no cap asks about, nobody counts.
        for place in snapshot.frequencyCaps(ofLineItem: lineItem)
        where snapshot.capRow(at: place).isByHousehold { household = viewer.household ?? 0 }
        mayJournal = viewer.mayJournal
    }
}

extension BidResponseWriter {
    /// The addresses that the exchange itself asks.
    @_lifetime(self: copy self)
    mutating func notices(_ notices: borrowing NoticeWriting, _ macros: borrowing AuctionMacros) {
        guard notices.isSigned else { return }
        markup(.nurl, notices.address(.win, NoticeTail.win), macros)
        if !notices.isBilledByImpression { markup(.burl, notices.address(.bill, NoticeTail.price), macros) }
        markup(.lurl, notices.address(.loss, NoticeTail.loss), macros)
    }
}

extension MarkupWriting {
    /// Beside the catalog's own, and behind them: version 3.0 has room for one address for errors, and the
    /// advertiser's goes first.
    mutating func addNoticesOfAd(_ notices: borrowing NoticeWriting) {
        guard notices.isSigned else { return }
        add(notices.address(.imp, notices.tailOfImpression)) {
            $0.impression($1)
        }
        add(notices.address(.error, NoticeTail.error)) { $0.error($1) }
    }

    mutating func addNoticesOfCreative(_ notices: borrowing NoticeWriting) {
        guard notices.isSigned else { return }
        add(notices.address(.start)) { $0.tracking(.start, $1) }
        add(notices.address(.q1)) { $0.tracking(.firstQuartile, $1) }
        add(notices.address(.mid)) { $0.tracking(.midpoint, $1) }
        add(notices.address(.q3)) { $0.tracking(.thirdQuartile, $1) }
        add(notices.address(.complete)) { $0.tracking(.complete, $1) }
        add(notices.address(.click, NoticeTail.quiet)) { $0.clickTracking($1) }
    }

    private mutating func add(_ address: UTF8Span, _ part: (inout VASTDocument, VASTText) -> Void) {
        part(&document, document.text(address.span.raw))
    }
}
