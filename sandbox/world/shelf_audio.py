"""Audio products: per manufacturer, rows of model | part number | description | type | cost | msrp | minutes."""

from __future__ import annotations

AUDIO: dict[str, str] = {
    "Shure": """
        MXA920W-S||Ceiling array microphone, square, white, automatic coverage|Microphones|2310.00|3899.00|90
        MXA710W-2FT||Linear array microphone, 2 ft, white|Microphones|1118.40|1864.00|60
        MXA310W||Table array microphone, white|Microphones|779.35|1299.00|30
        P300-IMX||IntelliMix audio conferencing processor|Signal Processing|1077.50|1795.00|60
        ULXD4D=-G50|ULXD4D-G50|Dual digital wireless receiver|Wireless|2123.11|3211.00|45
        ULXD2/B58=-G50|ULXD2/B58-G50|Handheld transmitter with Beta 58A|Wireless|494.73|749.00|5
        ULXD1=-G50||Bodypack transmitter|Wireless|423.90|642.00|5
        SBC200-US||Dual docking charger with power supply|Wireless|124.74|189.00|5
        MX418D/C||18 inch gooseneck condenser microphone, desktop base|Microphones|231.00|350.00|15
        SM58-LC||Cardioid dynamic vocal microphone|Microphones|71.28|109.00|5
        ANIUSB-MATRIX||USB audio network interface with matrix mixing|Signal Processing|501.60|836.00|30
    """,
    "Biamp": """
        TesiraFORTE X 800|911.0485.900|Meeting room DSP with AEC, Dante and PoE+|Signal Processing|2474.00|3806.00|120
        Tesira SERVER-IO|912.1714.900|Modular DSP server, 12 card slots|Signal Processing|2834.65|4361.00|180
        Tesira EEC-4|912.1832.900|4 channel input card with AEC|Signal Processing|455.00|700.00|15
        TesiraCONNECT TC-5D|911.1974.900|5 port AVB/TSN and Dante network switch with PoE+|Networking|941.85|1449.00|45
        Parlé TCM-XA|910.0123.900|Beamtracking ceiling microphone with amplifier|Microphones|1624.35|2499.00|75
        Desono C-IC6|911.0357.900|6.5 inch conferencing ceiling speaker, pair|Loudspeakers|259.35|399.00|40
        Vocia MS-1e||Life safety message server|Paging|1781.00|2740.00|90
        Evoko Liso||Room booking panel, 8 inch|Control|516.10|794.00|45
    """,
    "QSC": """
        Core 110f-v2||Unified AV processor, 24 local channels|Signal Processing|3244.50|4635.00|180
        Core Nano||Network only Q-SYS processor|Signal Processing|1396.50|1995.00|90
        NV-32-H (Core Capable)|NV-32-H|Network video endpoint with HDMI|Video Distribution|1673.00|2390.00|75
        SPA2-60||2 channel 60 W amplifier, half rack|Amplifiers|321.30|459.00|30
        CX-Q 4K4|CX-Q-4K4-NA|4 channel network amplifier, 1000 W per channel|Amplifiers|2236.50|3195.00|60
        AD-C6T-LPZB-WH||6.5 inch low profile ceiling loudspeaker, white|Loudspeakers|167.30|239.00|35
        AD-S10T-BK||10 inch surface mount loudspeaker, black|Loudspeakers|447.30|639.00|45
        TSC-101-G3||10.1 inch touch screen controller|Control|1081.50|1545.00|45
        QIO-ML4i||4 channel microphone/line network input expander|Signal Processing|482.30|689.00|30
        NC-12x80||PTZ conference camera, 12x optical zoom|Cameras|1676.50|2395.00|60
    """,
    "Sennheiser": """
        TeamConnect Ceiling 2|508745|Ceiling array microphone, white|Microphones|3149.00|4849.00|90
        TeamConnect Bar M|700105|Video bar for mid sized rooms|Conferencing|1624.35|2499.00|60
        EW-DX EM 2 Dante (Q1-9)|509349|Two channel digital receiver with Dante|Wireless|1494.35|2299.00|45
        SpeechLine SL Handheld DW-3|505907|DECT handheld microphone|Wireless|337.35|519.00|10
        MobileConnect Station|700045|Assistive listening over Wi-Fi, two channels|Assistive Listening|1559.35|2399.00|60
        HD 280 PRO|506845|Closed monitoring headphones|Accessories|64.95|99.95|0
    """,
    "JBL Professional": """
        Control 26CT||6.5 inch coaxial ceiling loudspeaker with transformer|Loudspeakers|138.60|231.00|35
        CBT 70J-1|CBT70J-1|Column line array loudspeaker, 500 W|Loudspeakers|1043.40|1739.00|90
        AC299||Two way 12 inch full range loudspeaker|Loudspeakers|1226.40|2044.00|90
        ASB7118||Single 18 inch subwoofer|Loudspeakers|1427.40|2379.00|75
        CSMA 1120|NCSMA1120-U|Commercial mixer amplifier, 120 W|Amplifiers|367.80|613.00|45
        SLP14/T-WH||On wall low profile loudspeaker|Loudspeakers|148.80|248.00|40
    """,
    "Audinate": """
        AVIO-USBC|ADP-USBC-AU-2X2|Dante AVIO USB-C adapter 2x2|Adapters|129.35|199.00|10
        AVIO Analog Output|ADP-DAO-AU-0X2|Dante AVIO two channel line output|Adapters|116.35|179.00|10
        AVIO Analog Input 2ch|ADP-DAI-AU-2X0|Dante AVIO two channel line input|Adapters|116.35|179.00|10
        AVIO AES3|ADP-AES3-AU-2X2|Dante AVIO AES3 adapter|Adapters|142.35|219.00|10
        Dante Domain Manager Silver|DDM-SLV-10|Network management licence, 10 devices|Software|1332.50|2050.00|120
    """,
    "Yamaha": """
        RM-CG-W||Ceiling array microphone with Dante, white|Microphones|2405.00|3699.00|90
        TF-RACK||Rack mount digital mixer, 40 inputs|Mixers|1949.35|2999.00|90
        VXC6||6 inch ceiling speaker, pair|Loudspeakers|311.35|479.00|35
        MA2120||Mixer amplifier 2 x 120 W|Amplifiers|617.50|950.00|40
        CL5|CL5|Digital mixing console, 72 mono inputs|Mixers|16575.00|25500.00|480
    """,
    "Listen Technologies": """
        LS-92-01||ListenIR 4 channel assistive listening system|Assistive Listening|1834.20|2621.00|90
        LA-401||Universal ear speaker|Assistive Listening|19.95|28.50|0
        LR-5200-072||Advanced DSP RF receiver|Assistive Listening|109.90|157.00|5
        LT-803-072-01||Stationary RF transmitter, 72 MHz|Assistive Listening|553.70|791.00|45
    """,
}
