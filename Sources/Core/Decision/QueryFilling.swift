// From a request to what the catalog is asked: each value that a targeting may name. What the viewer does not
// permit is not read here, and so can decide nothing.
internal import Catalog
internal import OpenRTB
internal import Units

extension Permissions {
    /// What the request's signals leave to us.
    init(_ request: borrowing BidRequest, vendor: VendorID) {
        let regs = request.regs
        var signals = ConsentSignals(
            tcf: request[request.user.consent], gpp: request[regs.gpp], usPrivacy: request[regs.usPrivacy])
        signals.isChildDirected = regs.coppa == true
        let device = request.device
        signals.limitsTracking = device.lmt == true || device.dnt == true
        signals.gdprApplies = regs.gdpr
        let sections = request[regs.gppSid]
        for index in sections.indices {
            let section = sections[index]
            // −1, and 0 in older texts, say that no section applies; only positive ones are bits.
            if section <= 0 { signals.gppDoesNotApply = true }
            if (1...63).contains(section) { signals.gppSections |= 1 << UInt64(section) }
            // A section that no bit can stand for is one that nobody here can read: 63 is refused as such.
            if section > 63 { signals.gppSections |= 1 << 63 }
        }
        if signals.gppSections != 0 { signals.gppDoesNotApply = false }
        self.init(signals, vendor: vendor)
    }
}

/// Where the request comes from, in rows of the catalog.
struct Place {
    var publisher: Int?
    var inventory: Int?
}

extension CatalogQuery {
    /// Takes in a request as it stands at this time.
    ///
    /// - Parameter recalled: the values that are returned, where the request is a record's and does not say them.
    /// - Returns: the places of the values that say where the viewer is, closer than by city.
    mutating func fill(
        _ request: borrowing BidRequest, _ place: Place, _ snapshot: CatalogSnapshot,
        _ permissions: Permissions, at now: Instant, recalled: [UInt32]?
    ) -> Range<Int> {
        let (device, user) = (request.device, request.user)
        let offset = device.geo.utcoffset ?? user.geo.utcoffset ?? 0
        // The epoch began on a Thursday, three days after a Monday's midnight.
        let epochMinutes = (now.nanoseconds / 60_000_000_000)
        let minutes = Int(epochMinutes) + 3 * 24 * 60 + Int(offset)
        start(at: now, viewerQuarter: WeekMask.quarter(ofMinute: minutes))
        addFormats(request)
        addArea(device.geo, request)
        let first = count
        if let recalled {
            for number in recalled { add(number: number) }
        } else if permissions.allows(.preciseLocation) {
            addPreciseLocation(device.geo, request)
        }
        let places = first..<count
        if let type = device.devicetype { add(.deviceType, number: type) }
        addIfAny(.os, device.os, request)
        addInventory(request, place, snapshot)
        addContent(request)
        if permissions.allows(.personalisation) { addAudience(user, request) }
        addDeals(request)
        addBlocks(request, place, snapshot)
        return places
    }

    private mutating func addIfAny(_ dimension: Dimension, _ text: Text, _ request: borrowing BidRequest) {
        if !text.isEmpty { add(dimension, request[text]) }
    }

    private mutating func add(_ dimension: Dimension, literal: StaticString) {
        unsafe add(
            dimension,
            RawSpan(_unsafeStart: UnsafeRawPointer(literal.utf8Start), byteCount: literal.utf8CodeUnitCount))
    }

    /// Decimal digits, from the stack.
    private mutating func add(_ dimension: Dimension, number: Int32) {
        guard number >= 0 else { return }
        var digits = InlineArray<10, UInt8>(repeating: 0)
        var (rest, at) = (number, 10)
        repeat {
            at -= 1
            digits[at] = UInt8(rest % 10) + UInt8(ascii: "0")
            rest /= 10
        } while rest > 0
        let all = digits.span
        add(dimension, all.extracting(at..<10).raw)
    }

    private mutating func addFormats(_ request: borrowing BidRequest) {
        var (video, audio, banner) = (false, false, false)
        let pods = request.pods
        for index in pods.indices {
            let slots = request[pods[index].slots]
            for index in slots.indices {
                switch slots[index].media {
                case .video: video = true
                case .audio: audio = true
                case .banner: banner = true
                case .native: break
                }
            }
        }
        if video { add(.format, literal: "video") }
        if audio { add(.format, literal: "audio") }
        if banner { add(.format, literal: "banner") }
    }

    private mutating func addArea(_ geo: Geo, _ request: borrowing BidRequest) {
        addIfAny(.country, geo.country, request)
        if !geo.region.isEmpty { add(.region, request[geo.country], request[geo.region]) }
        addIfAny(.metro, geo.metro, request)
        if !geo.city.isEmpty { add(.city, request[geo.country], request[geo.city]) }
    }

    private mutating func addPreciseLocation(_ geo: Geo, _ request: borrowing BidRequest) {
        if !geo.zip.isEmpty { add(.postalCode, request[geo.country], request[geo.zip]) }
        if let latitude = geo.lat, let longitude = geo.lon, abs(latitude) <= 90, abs(longitude) <= 180,
            let point = GlobePoint(
                latitudeMicrodegrees: Int64((latitude * 1_000_000).rounded()),
                longitudeMicrodegrees: Int64((longitude * 1_000_000).rounded()))
        {
            add(point)
        }
    }

    private mutating func addInventory(
        _ request: borrowing BidRequest, _ place: Place, _ snapshot: CatalogSnapshot
    ) {
        let inventory = request.inventory
        // What is known by its address is called what the catalog calls it.
        if let publisher = place.publisher {
            add(.publisher, snapshot.bytes(snapshot.publisherID(publisher)))
        } else {
            addIfAny(.publisher, inventory.publisher.id, request)
        }
        if let row = place.inventory {
            add(.inventory, snapshot.bytes(snapshot.inventoryID(row)))
        } else {
            addIfAny(.inventory, inventory.id, request)
        }
        let (network, channel) = (inventory.content.network, inventory.content.channel)
        addIfAny(.network, network.id.isEmpty ? network.name : network.id, request)
        addIfAny(.channel, channel.id.isEmpty ? channel.name : channel.id, request)
        addPairs(inventory.keywords, inventory.kwarray, request)
    }

    private mutating func addContent(_ request: borrowing BidRequest) {
        let content = request.inventory.content
        // Genres are written as one text: "drama, thriller".
        addParts(of: content.genre, request) { $0.add(.genre, $1) }
        let genres = request[content.genres]
        for index in genres.indices { add(.genre, request[genres[index]]) }
        addIfAny(.rating, content.contentrating, request)
        addLanguage(request[content.language.isEmpty ? content.langb : content.language])
        if let live = content.livestream { add(.livestream, literal: live == 0 ? "0" : "1") }
        addPairs(content.keywords, content.kwarray, request)
    }

    /// Who asks for `en` means `en-US` too.
    private mutating func addLanguage(_ text: RawSpan) {
        guard text.byteCount > 0 else { return }
        add(.language, text)
        var at = 0
        while at < text.byteCount, text.byte(at) != UInt8(ascii: "-") { at += 1 }
        if at < text.byteCount { add(.language, text.extracting(0..<at)) }
    }

    private mutating func addAudience(_ user: User, _ request: borrowing BidRequest) {
        let sources = request[user.data]
        for index in sources.indices {
            let segments = request[sources[index].segment]
            for segment in segments.indices { addIfAny(.audience, segments[segment].id, request) }
        }
        addPairs(user.keywords, user.kwarray, request)
    }

    /// Keywords of the form `key=value` are the custom values of a request.
    private mutating func addPairs(_ list: Text, _ array: Run<Text>, _ request: borrowing BidRequest) {
        addParts(of: list, request) { $0.addPair($1) }
        let texts = request[array]
        for index in texts.indices { addPair(request[texts[index]]) }
    }

    private mutating func addPair(_ text: RawSpan) {
        var at = 0
        while at < text.byteCount, text.byte(at) != UInt8(ascii: "=") { at += 1 }
        guard at > 0, at < text.byteCount else { return }
        add(.custom, text.extracting(0..<at), text.extracting(at + 1..<text.byteCount))
    }

    /// Each part of a list with commas, without the blanks around it.
    private mutating func addParts(
        of list: Text, _ request: borrowing BidRequest, _ add: (inout CatalogQuery, RawSpan) -> Void
    ) {
        let text = request[list]
        var parts = CommaList()
        while let part = parts.next(in: text) { add(&self, text.extracting(part)) }
    }

    private mutating func addDeals(_ request: borrowing BidRequest) {
        let imps = request.imps
        for index in imps.indices {
            let deals = request[imps[index].deals]
            for deal in deals.indices { addIfAny(.deal, deals[deal].id, request) }
        }
    }

    private mutating func addBlocks(
        _ request: borrowing BidRequest, _ place: Place, _ snapshot: CatalogSnapshot
    ) {
        let advertisers = request[request.badv]
        for index in advertisers.indices { add(.blockedAdvertiser, request[advertisers[index]]) }
        let categories = request[request.bcat]
        for index in categories.indices { add(.blockedCategory, request[categories[index]]) }
        if let publisher = place.publisher {
            for at in snapshot.blockLists(ofPublisher: publisher) {
                add(blockList: snapshot.blockListOfPublisher(at: at))
            }
        }
        if let inventory = place.inventory {
            for at in snapshot.blockLists(ofInventory: inventory) {
                add(blockList: snapshot.blockListOfInventory(at: at))
            }
        }
    }
}
