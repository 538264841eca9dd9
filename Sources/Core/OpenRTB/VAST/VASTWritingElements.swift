// The elements of an ad that both versions have, and the small ways to write an element.
internal import Units

// One element at a time.
extension VASTWriting {
    @_lifetime(xml: copy xml)
    func attribute(_ name: StaticString, _ text: VASTText, _ xml: inout XMLWriter) {
        if !text.isEmpty { xml.attribute(name, bytes(text)) }
    }

    @_lifetime(xml: copy xml)
    func text(_ name: StaticString, _ text: VASTText, _ xml: inout XMLWriter) {
        xml.open(name)
        xml.put(escaping: bytes(text))
        xml.end(name)
    }

    @_lifetime(xml: copy xml)
    func url(_ name: StaticString, _ text: VASTText, _ xml: inout XMLWriter) {
        xml.open(name)
        xml.cdata(bytes(text))
        xml.end(name)
    }

    /// The address of a part, with its id where it has one.
    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    mutating func element(
        _ name: StaticString, url part: VASTPart, named: Bool = true, _ xml: inout XMLWriter
    ) {
        used += 1
        xml.start(name)
        if named { attribute("id", part.second, &xml) }
        xml.closeStart()
        xml.cdata(bytes(part.text))
        xml.end(name)
    }

    /// Every address of this kind.
    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    mutating func urls(
        _ name: StaticString, _ kind: VASTPart.Kind, of owner: Int, _ xml: inout XMLWriter,
        once: Bool = false, named: Bool = true
    ) {
        var at = owner
        while let found = next(kind, of: owner, from: at) {
            element(name, url: parts[found], named: named, &xml)
            if once { return }
            at = found + 1
        }
    }

    /// Every text of this kind of the ad.
    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    mutating func texts(
        _ name: StaticString, _ kind: VASTPart.Kind, authority: StaticString? = nil,
        _ xml: inout XMLWriter, once: Bool = false
    ) {
        var at = ad
        while let found = next(kind, of: ad, from: at) {
            used += 1
            xml.start(name)
            if let authority { xml.attribute(authority, bytes(parts[found].second)) }
            xml.closeStart()
            xml.put(escaping: bytes(parts[found].text))
            xml.end(name)
            if once { return }
            at = found + 1
        }
    }
}

// Elements of an ad.
extension VASTWriting {
    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    mutating func adSystem(_ xml: inout XMLWriter) {
        guard let at = next(.adSystem, of: ad, from: ad) else { return }
        used += 1
        xml.start("AdSystem")
        attribute("version", parts[at].second, &xml)
        xml.closeStart()
        xml.put(escaping: bytes(parts[at].text))
        xml.end("AdSystem")
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    mutating func pricing(_ xml: inout XMLWriter) {
        // A wrapper of version 3.0 has no price; nothing asks for it there.
        guard let at = next(.pricing, of: ad, from: ad) else { return }
        let part = parts[at]
        used += 1
        xml.start("Pricing")
        xml.attribute("model", (VASTPricing(rawValue: UInt8(part.second.start)) ?? .cpm).text)
        attribute("currency", part.text, &xml)
        xml.closeStart()
        xml.bytes.put(Micros(Int64(part.number)))
        xml.end("Pricing")
    }

    /// What others added, and in version 3.0 the verifications, which have no place of their own there.
    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    mutating func extensions(_ xml: inout XMLWriter) {
        let carriesVerifications = version == .v3_0 && has(.verification, of: ad)
        guard carriesVerifications || has(.extensionXML, of: ad) else { return }
        xml.open("Extensions")
        var at = ad
        while let found = next(.extensionXML, of: ad, from: at) {
            used += 1
            xml.start("Extension")
            attribute("type", parts[found].second, &xml)
            xml.closeStart()
            xml.bytes.put(bytes(parts[found].text))
            xml.end("Extension")
            at = found + 1
        }
        if carriesVerifications {
            xml.start("Extension")
            xml.attribute("type", "AdVerifications")
            xml.closeStart()
            verifications(&xml)
            xml.end("Extension")
        }
        xml.end("Extensions")
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    mutating func verifications(_ xml: inout XMLWriter) {
        guard has(.verification, of: ad) else { return }
        xml.open("AdVerifications")
        var at = ad
        while let found = next(.verification, of: ad, from: at) {
            verification(found, &xml)
            at = found + 1
        }
        xml.end("AdVerifications")
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func verification(_ index: Int, _ xml: inout XMLWriter) {
        used += 1
        xml.start("Verification")
        attribute("vendor", parts[index].text, &xml)
        xml.closeStart()
        var at = index
        while let found = next(.executable, of: index, from: at) {
            used += 1
            xml.start("ExecutableResource")
            attribute("apiFramework", parts[found].second, &xml)
            attribute("type", parts[found].third, &xml)
            xml.closeStart()
            xml.cdata(bytes(parts[found].text))
            xml.end("ExecutableResource")
            at = found + 1
        }
        at = index
        while let found = next(.javaScript, of: index, from: at) {
            used += 1
            xml.start("JavaScriptResource")
            attribute("apiFramework", parts[found].second, &xml)
            xml.attribute("browserOptional", parts[found].flag)
            xml.closeStart()
            xml.cdata(bytes(parts[found].text))
            xml.end("JavaScriptResource")
            at = found + 1
        }
        notExecuted(index, &xml)
        if let found = next(.parameters, of: index, from: index) {
            used += 1
            url("VerificationParameters", parts[found].text, &xml)
        }
        xml.end("Verification")
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func notExecuted(_ index: Int, _ xml: inout XMLWriter) {
        guard has(.notExecuted, of: index) else { return }
        xml.open("TrackingEvents")
        var at = index
        while let found = next(.notExecuted, of: index, from: at) {
            used += 1
            xml.start("Tracking")
            xml.attribute("event", "verificationNotExecuted")
            xml.closeStart()
            xml.cdata(bytes(parts[found].text))
            xml.end("Tracking")
            at = found + 1
        }
        xml.end("TrackingEvents")
    }
}
