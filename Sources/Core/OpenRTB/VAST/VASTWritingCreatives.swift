// The linear creatives of an ad, with the media files that fit the device.

extension VASTWriting {
    /// Version 3.0 demands the element even where a wrapper has no creative.
    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    mutating func creatives(_ xml: inout XMLWriter) throws(VASTWriteError) {
        xml.open("Creatives")
        var at = ad
        while let found = next(.linear, of: ad, from: at) {
            try creative(found, &xml)
            at = found + 1
        }
        xml.end("Creatives")
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func creative(_ index: Int, _ xml: inout XMLWriter) throws(VASTWriteError) {
        let part = parts[index]
        let isWrapper = parts[ad].kind == .wrapper
        used += 1
        xml.start("Creative")
        attribute("id", part.text, &xml)
        if part.third.start > 0 { xml.attribute("sequence", Int(part.third.start)) }
        adID(part, index, &xml)
        xml.closeStart()
        xml.start("Linear")
        if part.flag && (version == .v4_2 || !isWrapper) {
            xml.attributeStart("skipoffset")
            xml.put(milliseconds: Int(part.fourth.start))
            xml.attributeEnd()
        }
        xml.closeStart()
        if isWrapper {
            trackingEvents(index, &xml)
            videoClicks(index, throughClicks: version == .v4_2, &xml)
        } else if version == .v4_2 {
            trackingEvents(index, &xml)
            adParameters(index, &xml)
            duration(part, &xml)
            try mediaFiles(index, &xml)
            videoClicks(index, throughClicks: true, &xml)
        } else {
            duration(part, &xml)
            trackingEvents(index, &xml)
            adParameters(index, &xml)
            videoClicks(index, throughClicks: true, &xml)
            try mediaFiles(index, &xml)
        }
        xml.end("Linear")
        if version == .v4_2 && !isWrapper { try universalAdIDs(index, &xml) }
        xml.end("Creative")
    }

    /// Version 3.0 has no universal ad id: the first takes the place of the ad's own.
    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func adID(_ part: VASTPart, _ index: Int, _ xml: inout XMLWriter) {
        if version == .v4_2 {
            attribute("adId", part.second, &xml)
        } else if !part.second.isEmpty {
            attribute("AdID", part.second, &xml)
        } else if let found = next(.universalAdID, of: index, from: index) {
            used += 1
            attribute("AdID", parts[found].text, &xml)
        }
    }

    @_lifetime(xml: copy xml)
    private func duration(_ part: VASTPart, _ xml: inout XMLWriter) {
        xml.open("Duration")
        xml.put(milliseconds: part.number)
        xml.end("Duration")
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func adParameters(_ index: Int, _ xml: inout XMLWriter) {
        guard let found = next(.adParameters, of: index, from: index) else { return }
        used += 1
        url("AdParameters", parts[found].text, &xml)
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func universalAdIDs(_ index: Int, _ xml: inout XMLWriter) throws(VASTWriteError) {
        guard has(.universalAdID, of: index) else { throw .missing(.universalAdID, ad: adNumber) }
        var at = index
        while let found = next(.universalAdID, of: index, from: at) {
            used += 1
            xml.start("UniversalAdId")
            xml.attribute("idRegistry", bytes(parts[found].second))
            xml.closeStart()
            xml.put(escaping: bytes(parts[found].text))
            xml.end("UniversalAdId")
            at = found + 1
        }
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func trackingEvents(_ index: Int, _ xml: inout XMLWriter) {
        guard has(.tracking, of: index) else { return }
        xml.open("TrackingEvents")
        var at = index
        while let found = next(.tracking, of: index, from: at) {
            at = found + 1
            let part = parts[found]
            guard let name = part.event.name(in: version) else { continue }
            used += 1
            xml.start("Tracking")
            xml.attribute("event", name)
            if part.flag {
                xml.attributeStart("offset")
                xml.put(milliseconds: part.number)
                xml.attributeEnd()
            }
            xml.closeStart()
            xml.cdata(bytes(part.text))
            xml.end("Tracking")
        }
        xml.end("TrackingEvents")
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func videoClicks(_ index: Int, throughClicks: Bool, _ xml: inout XMLWriter) {
        guard
            throughClicks && has(.clickThrough, of: index) || has(.clickTracking, of: index)
                || has(.customClick, of: index)
        else { return }
        xml.open("VideoClicks")
        if throughClicks && version == .v3_0 {
            urls("ClickThrough", .clickThrough, of: index, &xml, once: true)
        }
        urls("ClickTracking", .clickTracking, of: index, &xml)
        if throughClicks && version == .v4_2 {
            urls("ClickThrough", .clickThrough, of: index, &xml, once: true)
        }
        urls("CustomClick", .customClick, of: index, &xml)
        xml.end("VideoClicks")
    }
}

// Media files.
extension VASTWriting {
    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func mediaFiles(_ index: Int, _ xml: inout XMLWriter) throws(VASTWriteError) {
        xml.open("MediaFiles")
        if version == .v4_2 { closedCaptions(index, &xml) }
        var written = 0
        var last: (fit: Int, index: Int)?
        // Best first: each round takes the best of those that come after the last one taken.
        let device = device
        while written < device.filesMax, let best = bestFile(of: index, for: device, after: last) {
            mediaFile(parts[best.index].media, &xml)
            last = best
            written += 1
        }
        guard written > 0 else { throw .missing(.mediaFile, ad: adNumber) }
        if version == .v4_2 {
            var at = index
            while let found = next(.mezzanine, of: index, from: at) {
                mediaFile(parts[found].media, isMezzanine: true, &xml)
                at = found + 1
            }
        }
        xml.end("MediaFiles")
    }

    /// The best file after this one in the order of fit, and of parts where two fit alike.
    private func bestFile(
        of index: Int, for device: VASTDevice, after last: (fit: Int, index: Int)?
    ) -> (fit: Int, index: Int)? {
        var best: (fit: Int, index: Int)?
        var at = index
        while let found = next(.mediaFile, of: index, from: at) {
            at = found + 1
            guard let fit = device.fit(parts[found].media) else { continue }
            if let last, fit > last.fit || fit == last.fit && found <= last.index { continue }
            if best.map({ fit > $0.fit }) ?? true { best = (fit, found) }
        }
        return best
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func mediaFile(
        _ file: VASTMediaFile, isMezzanine: Bool = false, _ xml: inout XMLWriter
    ) {
        let name: StaticString = isMezzanine ? "Mezzanine" : "MediaFile"
        used += 1
        xml.start(name)
        attribute("id", file.id, &xml)
        xml.attribute("delivery", file.isStreaming ? "streaming" : "progressive")
        xml.attribute("type", bytes(file.type))
        xml.attribute("width", file.width)
        xml.attribute("height", file.height)
        attribute("codec", file.codec, &xml)
        // A bitrate is one number or a range, and a mezzanine file has neither.
        if !isMezzanine && file.maxBitrateKbps > 0 {
            xml.attribute("minBitrate", file.minBitrateKbps)
            xml.attribute("maxBitrate", file.maxBitrateKbps)
        } else if !isMezzanine && file.bitrateKbps > 0 {
            xml.attribute("bitrate", file.bitrateKbps)
        }
        if !isMezzanine { attribute("apiFramework", file.apiFramework, &xml) }
        xml.closeStart()
        xml.cdata(bytes(file.url))
        xml.end(name)
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func closedCaptions(_ index: Int, _ xml: inout XMLWriter) {
        guard has(.closedCaptions, of: index) else { return }
        xml.open("ClosedCaptionFiles")
        var at = index
        while let found = next(.closedCaptions, of: index, from: at) {
            used += 1
            xml.start("ClosedCaptionFile")
            attribute("type", parts[found].second, &xml)
            attribute("language", parts[found].third, &xml)
            xml.closeStart()
            xml.cdata(bytes(parts[found].text))
            xml.end("ClosedCaptionFile")
            at = found + 1
        }
        xml.end("ClosedCaptionFiles")
    }
}
