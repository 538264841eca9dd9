// Video and audio, and what their fields must not say together.
internal import JSON
internal import Units

extension RequestStorage {
    mutating func audioVideo(_ value: JSONValue, _ media: PodSlot.Media) throws(Refused) -> AudioVideo {
        var av = AudioVideo()
        var fields = try fields(of: value)
        while let field = fields.next() {
            let value = field.value
            if value.isNull { continue }
            switch field.key {
            case "mimes":
                av.mimes = try texts(value)
                guard !av.mimes.isEmpty else { throw Refused(value, .words("at least one media type")) }
            case "minduration": av.minduration = try integer(value, Sensible.seconds)
            case "maxduration": av.maxduration = try integer(value, Sensible.seconds)
            case "startdelay": av.startdelay = try integer(value, Sensible.startDelay)
            case "protocols": av.protocols = try integers(value, Sensible.code)
            case "w": av.w = try integer(value, Sensible.pixels)
            case "h": av.h = try integer(value, Sensible.pixels)
            case "podid": av.podid = try text(value)
            case "podseq": av.podseq = try integer(value, Sensible.podCode)
            case "slotinpod": av.slotinpod = try code(value, .slotPositions)
            case "maxseq": av.maxseq = try integer(value, Sensible.ads)
            case "poddur": av.poddur = try integer(value, 1...Sensible.seconds.upperBound)
            case "rqddurs": av.rqddurs = try integers(value, 1...Sensible.seconds.upperBound)
            case "mincpmpersec": av.mincpmpersec = try price(value)
            case "poddedupe": av.poddedupe = try codes(value, .podDeduplications)
            case "durfloors": av.durfloors = try durationFloors(value)
            case "linearity": av.linearity = try code(value, .linearities)
            case "skip": av.skip = try flag(value)
            case "plcmt": av.plcmt = try code(value, .videoPlacements)
            case "delivery": av.delivery = try codes(value, .deliveries)
            case "api": av.api = try integers(value, Sensible.code)
            case "pos": av.pos = try integer(value, Sensible.code)
            case "ext": av.ext = try ext(value)
            default: try rareField(field, of: &av)
            }
        }
        guard !av.mimes.isEmpty else { throw Refused(value, lacks: "mimes", "at least one media type") }
        try refuseContradictions(av, in: value, media)
        return av
    }

    private mutating func rareField(_ field: JSONField, of av: inout AudioVideo) throws(Refused) {
        let value = field.value
        switch field.key {
        case "playbackmethod": av.playbackmethod = try integers(value, Sensible.code)
        case "battr": av.battr = try integers(value, Sensible.code)
        case "skipmin": av.skipmin = try integer(value, Sensible.count)
        case "skipafter": av.skipafter = try integer(value, Sensible.count)
        case "placement": av.placement = try integer(value, Sensible.code)
        case "sequence": av.sequence = try integer(value, Sensible.podCode)
        case "maxextended": av.maxextended = try integer(value, -1...Sensible.seconds.upperBound)
        case "minbitrate": av.minbitrate = try integer(value, Sensible.kilobits)
        case "maxbitrate": av.maxbitrate = try integer(value, Sensible.kilobits)
        case "boxingallowed": av.boxingallowed = try flag(value)
        case "playbackend": av.playbackend = try integer(value, Sensible.code)
        case "companiontype": av.companiontype = try integers(value, Sensible.code)
        case "companionad":
            var elements = try elements(of: value)
            let start = banners.count
            while let element = elements.next() {
                guard banners.append(try banner(element)) else {
                    throw Refused(element, .atMost(banners.capacity, "companions"))
                }
            }
            av.companionad = Run(from: start, to: banners.count)
        case "feed": av.feed = try integer(value, Sensible.code)
        case "stitched": av.stitched = try flag(value)
        case "nvol": av.nvol = try integer(value, Sensible.code)
        default: break
        }
    }

    private mutating func refuseContradictions(
        _ av: AudioVideo, in value: JSONValue, _ media: PodSlot.Media
    ) throws(Refused) {
        if !av.rqddurs.isEmpty {
            guard av.minduration == nil, av.maxduration == nil else {
                throw Refused(
                    value, "rqddurs together with minduration or maxduration",
                    "either rqddurs, or minduration and maxduration")
            }
        }
        if let least = av.minduration, let most = av.maxduration, least > most {
            throw Refused(value, "minduration above maxduration", "minduration up to maxduration")
        }
        if let least = av.minbitrate, let most = av.maxbitrate, least > most {
            throw Refused(value, "minbitrate above maxbitrate", "minbitrate up to maxbitrate")
        }
        guard let poddur = av.poddur else {
            // Audio knew `maxseq` before there were pods, and there it needs no `poddur`.
            guard av.maxseq == nil || media == .audio && av.podid.isEmpty else {
                throw Refused(
                    value, "maxseq without poddur", "poddur with maxseq, for a dynamic pod, or neither")
            }
            return
        }
        if let least = av.minduration, least > poddur {
            throw Refused(value, "minduration above poddur", "ads that fit into poddur")
        }
        if !av.rqddurs.isEmpty {
            let run = integers.span(av.rqddurs)
            for index in run.indices where run[index] <= poddur { return }
            throw Refused(value, "rqddurs that are all above poddur", "ads that fit into poddur")
        }
    }
}
